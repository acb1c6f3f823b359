"""One record per call that changed something, in CloudTrail's form: who set which status, when, and with what.

Written in the call's own transaction, so that a change and its record are there together or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, ColumnElement, Index, Integer, String, cast, false, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from sagemaker_server.storage.database import Base, Instant

_RowNumber = BigInteger().with_variant(Integer(), "sqlite")


class Event(Base):
    """A call, in the form of CloudTrail's event."""

    __tablename__ = "event"

    sequence: Mapped[int] = mapped_column(_RowNumber, primary_key=True, autoincrement=True)
    event_id: Mapped[str] = mapped_column(String(36), unique=True)
    time: Mapped[datetime] = mapped_column(Instant, index=True)
    name: Mapped[str] = mapped_column(String(128), index=True)
    source: Mapped[str] = mapped_column(String(128))
    username: Mapped[str] = mapped_column(String(64), index=True)
    access_key_id: Mapped[str] = mapped_column(String(128))
    resources: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)


class EventResource(Base):
    """Under which names a call can be found: the ARNs it touched and their last parts."""

    __tablename__ = "event_resource"

    sequence: Mapped[int] = mapped_column(_RowNumber, primary_key=True)
    name: Mapped[str] = mapped_column(String(512), primary_key=True)

    __table_args__ = (Index("event_resource_by_name", "name", "sequence"),)


@dataclass(frozen=True)
class EventQuery:
    """What to look for; None asks for nothing in particular.

    Attributes:
        attribute: One of CloudTrail's lookup attributes and its value.
        start: Earliest time, inclusive.
        end: Latest time, its whole second included, as events are told by the second.
        before: Only events recorded before this sequence number.
        limit: How many at most.
    """

    attribute: tuple[str, str] | None
    start: datetime | None
    end: datetime | None
    before: int | None
    limit: int


_COLUMNS = {
    "EventId": Event.event_id,
    "EventName": Event.name,
    "EventSource": Event.source,
    "Username": Event.username,
    "AccessKeyId": Event.access_key_id,
}


def record_event(session: Session, event: Event, names: Iterable[str]) -> None:
    """Add an event, to be found under the names."""
    session.add(event)
    session.flush()
    session.add_all(EventResource(sequence=event.sequence, name=name) for name in sorted(set(names)))


def find_events(session: Session, query: EventQuery) -> Sequence[Event]:
    """The events that match, the latest recorded first."""
    statement = select(Event).order_by(Event.sequence.desc()).limit(query.limit)
    if query.before is not None:
        statement = statement.where(Event.sequence < query.before)
    if query.start is not None:
        statement = statement.where(Event.time >= query.start)
    if query.end is not None:
        statement = statement.where(Event.time < query.end.replace(microsecond=0) + timedelta(seconds=1))
    if query.attribute is not None:
        statement = statement.where(_has(*query.attribute))
    return session.scalars(statement).all()


def _has(key: str, value: str) -> ColumnElement[bool]:
    if key == "ReadOnly":  # only calls that change something are recorded
        return true() if value == "false" else false()
    if key == "ResourceName":
        return Event.sequence.in_(select(EventResource.sequence).where(EventResource.name == value))
    if key == "ResourceType":
        return cast(Event.resources, String).contains(f'"{value}"', autoescape=True)
    return _COLUMNS[key] == value
