"""What serves although its approval has run out: flagged, its owner told once, and the flag taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.model_governance.decisions.conftest import Case
from tests.model_governance.notifiers.conftest import Mailbox
from tests.model_governance.notifiers.telling import Recording, TaggedEndpoint, at, told

from model_governance.decisions.expiry import expired_approvals
from model_governance.domain.decision import Gate
from model_governance.domain.deployment import Environment
from model_governance.domain.ledger import EntryKind
from model_governance.domain.waiting import NoticeKind
from model_governance.errors import AccessRefused
from model_governance.hooks.model_registry import StageStatus
from model_governance.notifiers.channels import EmailChannel
from model_governance.notifiers.dispatch import Dispatch
from model_governance.stages.watch import each_by_itself, flag_and_tell


def in_production(case: Case, days: int) -> str:
    """A version that serves on an approval of so many days."""
    arn = case.produced()
    until = (datetime.now(UTC).date() + timedelta(days=days)).isoformat()
    case.decide(Gate.PRODUCTION, arn, comment=f"[until {until}: weekly review] fine")
    body = {"stage": "Production", "version": 1, "endpoint": case.name}
    case.pipeline.ledger(case.name).append(EntryKind.DEPLOYMENT, arn, body)
    case.pipeline.registry.set_life_cycle(arn, "Production", StageStatus.DEPLOYED, "serves")
    return arn


def test_at_expiry_the_version_is_flagged_and_its_owner_told_once(case: Case, mailbox: Mailbox) -> None:
    arn = in_production(case, days=3)
    channel = Recording()
    for days in (0, 1, 5, 5.1, 6):
        flag_and_tell(Dispatch(at(case, days=days), (channel, EmailChannel("smtp_default"))), case.name)
    ((notice, _),) = channel.sent
    assert (notice.kind, told(notice)) == (NoticeKind.EXPIRED, ["model-owner"])
    assert any("condition: weekly review" in fact.text for fact in notice.facts)
    assert [recipients for recipients, _ in mailbox.mails] == [["model-owner@example.com"]]
    assert "without standing approval" in case.package(arn).stage_description


def test_the_owner_is_told_even_of_an_endpoint_that_cannot_be_flagged(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_production(case, days=3)
    installation, channel = at(case, days=5), Recording()

    def refuse(*_: object) -> None:
        raise AccessRefused("not you")

    monkeypatch.setattr(type(installation.registry), "describe", refuse)
    with pytest.raises(AccessRefused):
        flag_and_tell(Dispatch(installation, (channel,)), case.name)
    assert channel.kinds == [NoticeKind.EXPIRED]


def test_a_version_that_is_flagged_already_is_not_written_to_again(case: Case) -> None:
    arn = in_production(case, days=3)
    flag_and_tell(Dispatch(at(case, days=5), (Recording(),)), case.name)
    changed = case.package(arn)
    flag_and_tell(Dispatch(at(case, days=5), (Recording(),)), case.name)
    assert case.package(arn) == changed


@pytest.mark.parametrize("is_gone", [False, True])
def test_the_owner_is_told_though_the_declaration_is_broken_or_gone(case: Case, is_gone: bool) -> None:
    arn = in_production(case, days=3)
    if is_gone:
        case.folder.rename(case.folder.with_name("_put_away"))
    else:
        case.edit_declaration(owner=["nobody"])
        assert [each.use_case for each in expired_approvals(at(case, days=5))] == [case.name]
    channel = Recording()
    flag_and_tell(Dispatch(at(case, days=5), (channel,)), case.name)
    assert [told(notice) for notice, _ in channel.sent] == [["model-owner"]]
    assert "without standing approval" in case.package(arn).stage_description


def test_one_broken_use_case_keeps_no_other_from_being_looked_at() -> None:
    seen = []

    def look(name: str) -> None:
        seen.append(name)
        if name == "b":
            raise AccessRefused("b is broken")

    with pytest.raises(AccessRefused, match="b is broken"):
        each_by_itself(("a", "b", "c"), look)
    assert seen == ["a", "b", "c"]


def test_a_flag_is_set_once_and_taken_back_when_the_approval_stands_again(case: Case) -> None:
    arn = in_production(case, days=3)
    endpoint = TaggedEndpoint()

    def look(days: float) -> None:
        installation = at(case, days=days)
        vars(installation)["_endpoints"][Environment.PRODUCTION] = endpoint
        flag_and_tell(Dispatch(installation, (Recording(),)), case.name)

    look(0)
    assert endpoint.written == 0
    look(5)
    look(5)
    assert (endpoint.tags, endpoint.written) == ({"model-governance:approval": "expired: production gate"}, 1)
    look(1)  # as when it stands: before it ran out
    look(1)
    assert (endpoint.tags, endpoint.written) == ({"model-governance:approval": "standing"}, 2)
    assert case.package(arn).stage_description == f"serves from endpoint {case.name}"
