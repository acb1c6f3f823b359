"""Each notice once: under concurrent ticks, over kills, and at what cost; on the real store."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.model_governance.decisions.conftest import Case
from tests.model_governance.notifiers.conftest import Mailbox
from tests.model_governance.notifiers.telling import ESCALATION, OPENED, REMINDER, Recording, at, tick

from model_governance.domain.decision import Gate
from model_governance.domain.ledger import EntryKind
from model_governance.hooks.sent_notices import SentNotices
from model_governance.notifiers.channels import EmailChannel, LogChannel
from model_governance.notifiers.dispatch import Dispatch


def test_concurrent_ticks_send_once(case: Case) -> None:
    case.governed()
    channel = Recording()
    start = threading.Barrier(4)

    def one_tick() -> None:
        dispatch = Dispatch(at(case, hours=73), (channel,))
        dispatch.installation.ledger(case.name).entries()
        start.wait()
        dispatch.tell_deciders(case.name)

    ticks = [threading.Thread(target=one_tick) for _ in range(4)]
    for each in ticks:
        each.start()
    for each in ticks:
        each.join()
    assert sorted(channel.kinds) == sorted([REMINDER, ESCALATION])


def test_a_tick_killed_between_sending_and_saying_so_sends_again_under_the_same_id(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.governed()
    channel = Recording()

    class Killed(BaseException):
        """As a signal would."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(SentNotices, "sent", die)
        with pytest.raises(Killed):
            tick(case, channel)
    tick(case, channel, minutes=5)  # the claim still stands: somebody may be sending
    assert len(channel.sent) == 1
    tick(case, channel, minutes=11)
    tick(case, channel, minutes=30)
    assert len(channel.sent) == 2
    assert channel.sent[0][1] == channel.sent[1][1]


def test_a_tick_killed_before_sending_is_made_up_for(case: Case) -> None:
    case.governed()
    sent_notices = at(case).sent_notices
    (first,) = [entry for entry in case.entries(EntryKind.REQUEST) if entry.body["gate"] == "governance"]
    from model_governance.hooks.sent_notices import place_of

    assert sent_notices.claim(place_of(case.name, first.sequence, "opened", "recording"), frozenset()) is not None
    channel = Recording()
    tick(case, channel, minutes=9)
    assert channel.kinds == []
    tick(case, channel, minutes=11)
    assert channel.kinds == [OPENED]


def test_a_process_killed_while_it_sends_leaves_a_mail_that_another_sends(
    case: Case, mailbox: Mailbox, stack_settings: Any
) -> None:
    """A real process, killed for good by its own mail going out."""
    case.governed()
    environment = killed_process_environment(case, stack_settings)
    done = subprocess.run([sys.executable, "-c", KILLED], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    assert len(mailbox.mails) == 1
    tick(case, EmailChannel("smtp_default"), minutes=11)
    tick(case, EmailChannel("smtp_default"), minutes=60)
    assert [mail["Message-ID"] for _, mail in mailbox.mails] == [mailbox.mails[0][1]["Message-ID"]] * 2


KILLED = """
import os, signal
from model_governance.hooks.installation import Installation
from model_governance.hooks.sent_notices import SentNotices
from model_governance.notifiers.channels import EmailChannel
from model_governance.notifiers.dispatch import Dispatch

SentNotices.sent = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
Dispatch(Installation.load(), (EmailChannel("smtp_default"),)).tell_deciders(os.environ["CASE"])
"""


def killed_process_environment(case: Case, stack_settings: Any) -> dict[str, str]:
    from stack.environment import person_environment

    settings = case.pipeline.settings
    return {
        **{name: os.environ[name] for name in ("PATH", "AIRFLOW_CONN_SMTP_DEFAULT")},
        **person_environment("pipeline", stack_settings),
        "MODEL_GOVERNANCE_USE_CASES": str(settings.use_cases),
        "MODEL_GOVERNANCE_POLICIES": str(settings.policies),
        "AIRFLOW_HOME": str(case.folder.parent / "airflow"),
        "CASE": case.name,
    }


def test_the_pipeline_may_record_a_notice_once_and_neither_change_nor_delete_it(case: Case) -> None:
    case.governed()
    tick(case, Recording())
    key = next(iter(case.pipeline.artifacts.list(f"notifications/{case.name}/")))
    client = case.pipeline.clients.client("s3")
    bucket = case.pipeline.settings.bucket
    for call in (
        lambda: client.put_object(Bucket=bucket, Key=key, Body=b"{}"),
        lambda: client.delete_object(Bucket=bucket, Key=key),
    ):
        with pytest.raises(Exception, match="AccessDenied"):
            call()


@pytest.mark.usefixtures("every_call_by_its_client")
def test_a_tick_costs_one_list_of_notices_for_a_use_case_however_many_wait(case: Case) -> None:
    case.governed()
    for number in (2, 3):
        case.run_id = f"manual__{number}"
        case.candidate()
        case.request(Gate.GOVERNANCE)
    tick(case, LogChannel())
    calls: list[str] = []
    installation = at(case, hours=1)
    counted(
        installation.clients.client("s3"),
        calls,
        lambda: Dispatch(installation, (LogChannel(),)).tell_deciders(case.name),
    )
    notices = [call for call in calls if "notifications/" in call]
    assert notices == [f"ListObjectsV2 notifications/{case.name}/"]


def counted(client: Any, calls: list[str], act: Callable[[], object]) -> None:
    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append(f"{model.name} {params.get('Prefix') or params.get('Key', '')}")

    try:
        client.meta.events.register("before-parameter-build.s3.*", note)
        act()
    finally:
        client.meta.events.unregister("before-parameter-build.s3.*", note)
