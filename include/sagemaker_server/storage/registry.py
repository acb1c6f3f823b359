"""Model package groups and model packages, apart from the rules by which they change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from sagemaker_server.storage.database import Base, Instant


class ModelPackageGroup(Base):
    """A group; ``document`` holds what was sent and who created it."""

    __tablename__ = "model_package_group"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    arn: Mapped[str] = mapped_column(String(256), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant, index=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)


class VersionCounter(Base):
    """The last version number given out in a group; outlives the group, so that no ARN ever means two things."""

    __tablename__ = "model_package_version_counter"

    group_name: Mapped[str] = mapped_column(String(63), primary_key=True)
    last_version: Mapped[int] = mapped_column(Integer)


class ModelPackage(Base):
    """A package, versioned or not; ``document`` holds what DescribeModelPackage answers beside the columns."""

    __tablename__ = "model_package"

    arn: Mapped[str] = mapped_column(String(256), primary_key=True)
    name: Mapped[str] = mapped_column(String(63), index=True)
    group_name: Mapped[str | None] = mapped_column(String(63))
    version: Mapped[int | None] = mapped_column(Integer)
    approval_status: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(Instant, index=True)
    modified_at: Mapped[datetime] = mapped_column(Instant, index=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)

    __table_args__ = (Index("model_package_version", "group_name", "version", unique=True),)
