"""Artifacts, actions, contexts and what connects them, apart from the rules by which they change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from sagemaker_server.storage.database import Base, Instant


class LineageEntity(Base):
    """An artifact, an action or a context; ``document`` holds what was sent and who created and last changed it."""

    __tablename__ = "lineage_entity"

    arn: Mapped[str] = mapped_column(String(256), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str | None] = mapped_column(String(120))
    type: Mapped[str] = mapped_column(String(256))
    source_uri: Mapped[str] = mapped_column(String(2048))
    created_at: Mapped[datetime] = mapped_column(Instant)
    modified_at: Mapped[datetime] = mapped_column(Instant)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)

    __table_args__ = (
        Index("lineage_entity_by_name", "kind", "name", unique=True),
        Index("lineage_entity_by_source", "kind", "source_uri"),
        Index("lineage_entity_by_time", "kind", "created_at"),
    )


class Association(Base):
    """A directed edge between two lineage entities, at most one in a direction; ``key`` stands for both ARNs."""

    __tablename__ = "lineage_association"

    source_arn: Mapped[str] = mapped_column(String(256), primary_key=True)
    destination_arn: Mapped[str] = mapped_column(String(256), primary_key=True, index=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    type: Mapped[str | None] = mapped_column(String(32))
    source_type: Mapped[str] = mapped_column(String(256))
    destination_type: Mapped[str] = mapped_column(String(256))
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[dict[str, Any]] = mapped_column(JSON)
