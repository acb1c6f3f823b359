"""Models, endpoint configurations and endpoints as they are kept.

An endpoint keeps a copy of what it serves (its *deployment*), because model and configuration may be deleted while it
goes on serving them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sagemaker_server.storage.database import Base, Instant


class EndpointStatus(StrEnum):
    """``EndpointStatus``; those that this server never enters are left out."""

    CREATING = "Creating"
    UPDATING = "Updating"
    IN_SERVICE = "InService"
    DELETING = "Deleting"
    FAILED = "Failed"


class Model(Base):
    """A model: the request that made it, and the container that it comes down to.

    ``container`` is ``{"Image", "ModelDataUrl"?, "ModelDataETag"?, "Environment"}``, resolved when the model was made:
    a package that is approved, used and then rejected leaves its models as they are, as AWS does.
    """

    __tablename__ = "models"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    arn: Mapped[str] = mapped_column(String(256))
    created: Mapped[datetime] = mapped_column(Instant)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    container: Mapped[dict[str, Any]] = mapped_column(JSON)


class EndpointConfig(Base):
    """An endpoint configuration: the request that made it."""

    __tablename__ = "endpoint_configs"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    arn: Mapped[str] = mapped_column(String(256))
    created: Mapped[datetime] = mapped_column(Instant)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)


class Endpoint(Base):
    """An endpoint, what it serves now, and what it is about to serve.

    ``deployment`` and ``pending`` are ``{"id", "config", "capture"?, "variants": [{"name", "weight", "instances",
    "model", "container", "sha256"?}]}``; ``capture`` is the configuration's ``DataCaptureConfig``, ``sha256`` of the
    model data is recorded when it is first served. While weights change, a variant also has ``desired_weight`` and
    ``desired_instances``.
    """

    __tablename__ = "endpoints"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    arn: Mapped[str] = mapped_column(String(256))
    status: Mapped[str] = mapped_column(String(24))
    config: Mapped[str] = mapped_column(String(63))
    created: Mapped[datetime] = mapped_column(Instant)
    modified: Mapped[datetime] = mapped_column(Instant)
    deployment: Mapped[dict[str, Any] | None] = mapped_column(JSON, default=None)
    pending: Mapped[dict[str, Any] | None] = mapped_column(JSON, default=None)
    last_deployment_config: Mapped[dict[str, Any] | None] = mapped_column(JSON, default=None)
    failure_reason: Mapped[str | None] = mapped_column(Text, default=None)


def all_endpoints(session: Session) -> list[Endpoint]:
    """Every endpoint, oldest first."""
    return list(session.scalars(select(Endpoint).order_by(Endpoint.created)))
