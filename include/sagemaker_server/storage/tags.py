"""Tags of every kind of resource, by ARN, apart from the resources themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sagemaker_server.storage.database import Base


class Tag(Base):
    """One tag of one resource."""

    __tablename__ = "tag"

    arn: Mapped[str] = mapped_column(String(256), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    value: Mapped[str] = mapped_column(String(256))


def tags_of(session: Session, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    """The tags of each of the resources that has any: key to value, by ARN, keys sorted."""
    tags: dict[str, dict[str, str]] = {}
    for start in range(0, len(arns), 500):
        found = session.scalars(select(Tag).where(Tag.arn.in_(arns[start : start + 500])).order_by(Tag.arn, Tag.key))
        for tag in found:
            tags.setdefault(tag.arn, {})[tag.key] = tag.value
    return tags


def put_tags(session: Session, arn: str, tags: Mapping[str, str]) -> None:
    """Set tags of a resource; others stay."""
    for key, value in tags.items():
        session.merge(Tag(arn=arn, key=key, value=value))
    session.flush()


def remove_tags(session: Session, arn: str, keys: Iterable[str] | None = None) -> None:
    """Remove tags of a resource: those with the keys, or all of them."""
    statement = delete(Tag).where(Tag.arn == arn)
    session.execute(statement if keys is None else statement.where(Tag.key.in_(list(keys))))
