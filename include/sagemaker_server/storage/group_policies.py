"""Resource policies of model package groups, apart from the groups: whoever deletes a group deletes its policy too."""

from __future__ import annotations

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sagemaker_server.storage.database import Base


class GroupPolicy(Base):
    """The policy of a group, as it was sent."""

    __tablename__ = "model_package_group_policy"

    group_name: Mapped[str] = mapped_column(String(63), primary_key=True)
    document: Mapped[str] = mapped_column(Text)
