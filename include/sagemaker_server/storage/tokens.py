"""Answers already given to requests with a ClientToken, apart from the actions, which must not act twice on one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from sagemaker_server.storage.database import Base, Instant


class ClientToken(Base):
    """The answer to the first request that bore the token; kept as long as what it made."""

    __tablename__ = "client_token"

    action: Mapped[str] = mapped_column(String(64), primary_key=True)
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_digest: Mapped[str] = mapped_column(String(64))
    resource_arn: Mapped[str] = mapped_column(String(256), index=True)
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Instant)


def forget_tokens(session: Session, resource_arn: str) -> None:
    """Forget the tokens of a resource that is deleted: the same request may make it anew."""
    session.execute(delete(ClientToken).where(ClientToken.resource_arn == resource_arn))
