"""Standalone model cards and their versions, apart from the rules by which they change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sagemaker_server.storage.database import Base, Instant


class ModelCard(Base):
    """A card as it is now; ``document`` holds its security configuration and who created and last changed it."""

    __tablename__ = "model_card"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    arn: Mapped[str] = mapped_column(String(256), unique=True)
    version: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(Instant, index=True)
    modified_at: Mapped[datetime] = mapped_column(Instant, index=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)


class ModelCardVersion(Base):
    """A version: its content never changes, its status only while it is the latest."""

    __tablename__ = "model_card_version"

    card_name: Mapped[str] = mapped_column(String(63), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    status: Mapped[str] = mapped_column(String(32))
    content: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    modified_at: Mapped[datetime] = mapped_column(Instant)
    modified_by: Mapped[dict[str, Any]] = mapped_column(JSON)
