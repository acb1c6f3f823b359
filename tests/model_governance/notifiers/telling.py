"""What the tests of telling share: a tick at a time of its own, and a channel that remembers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.model_governance.decisions.conftest import Case

from model_governance.domain.notice import Notice
from model_governance.domain.waiting import NoticeKind
from model_governance.hooks.installation import Installation
from model_governance.notifiers.channels import Channel
from model_governance.notifiers.dispatch import Dispatch

OPENED, REMINDER, ESCALATION = NoticeKind.OPENED, NoticeKind.REMINDER, NoticeKind.ESCALATION


class TaggedEndpoint:
    """Stands in for an endpoint, where the test's registry has none: it is there, has tags, counts their writing."""

    def __init__(self, **tags: str) -> None:
        self.tags = {f"model-governance:{name}": value for name, value in tags.items()}
        self.written = 0

    def find(self, name: str) -> str:
        return name

    def tag(self, name: str, key: str) -> str:
        return self.tags.get(key, "")

    def set_tag(self, name: str, key: str, value: str) -> None:
        self.tags[key] = value
        self.written += 1


class Recording:
    """A channel that remembers what it was given."""

    def __init__(self, name: str = "recording", fault: Exception | None = None) -> None:
        self.name = name
        self.fault = fault
        self.sent: list[tuple[Notice, str]] = []

    def send(self, notice: Notice, message_id: str) -> None:
        if self.fault:
            raise self.fault
        self.sent.append((notice, message_id))

    @property
    def kinds(self) -> list[NoticeKind]:
        return [notice.kind for notice, _ in self.sent]


def at(case: Case, **delta: float) -> Installation:
    """The pipeline's installation some time from now, with caches of its own, as a tick has it."""
    known = case.principal("pipeline")
    return Installation(known.settings, known.clients, lambda: datetime.now(UTC) + timedelta(**delta))


def tick(case: Case, *channels: Channel, **delta: float) -> tuple[Notice, ...]:
    return Dispatch(at(case, **delta), channels).tell_deciders(case.name)


def told(notice: Notice) -> list[str]:
    return [each.id for each in notice.addressees]
