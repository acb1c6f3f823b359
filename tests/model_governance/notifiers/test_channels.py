"""Each channel against a real server of its kind, through the provider's own code; and the setting that names them."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest
from tests.model_governance.conftest import free_port
from tests.model_governance.domain.test_notice import HOSTILE, notice_with
from tests.model_governance.notifiers.conftest import TOPIC, Listener, Mailbox

from model_governance.domain.waiting import Addressee
from model_governance.errors import NoticeNotSent
from model_governance.notifiers.channels import (
    EmailChannel,
    LogChannel,
    SlackChannel,
    SnsChannel,
    UnknownChannel,
    channels_of,
)

NOTICE = notice_with("the gate waits")


def test_a_mail_goes_to_every_addressee_who_has_an_address_and_to_nobody_else(mailbox: Mailbox) -> None:
    told = (Addressee("a", "a@example.com"), Addressee("b", ""), Addressee("c", "c@example.com"))
    EmailChannel("smtp_default").send(replace(NOTICE, addressees=told), "id-1")
    ((recipients, mail),) = mailbox.mails
    assert recipients == ["a@example.com", "c@example.com"]
    assert mail["From"] == "governance@example.com"
    assert mail["Subject"] == "[model-governance] the gate waits"
    assert mail["Message-ID"] == "<id-1@model-governance>"
    assert mail["Auto-Submitted"] == "auto-generated"
    body = mail.get_body(("html",))
    assert body is not None
    assert "model-governance approve loan-approval governance" in body.get_content()


@pytest.mark.parametrize("text", HOSTILE)
def test_nobodys_words_add_a_recipient_or_a_header_to_a_mail(mailbox: Mailbox, text: str) -> None:
    EmailChannel("smtp_default").send(notice_with(text), "id-1")
    ((recipients, mail),) = mailbox.mails
    assert recipients == ["first@example.com"]
    assert {name.lower() for name in mail} == {
        "content-type",
        "mime-version",
        "subject",
        "from",
        "to",
        "date",
        "message-id",
        "auto-submitted",
    }


def test_words_that_look_like_a_template_are_not_rendered(mailbox: Mailbox, slack: Listener) -> None:
    notice = notice_with("{{ 7 * 6 }}{{ conn.slack_default.password }}")
    EmailChannel("smtp_default").send(notice, "id")
    SlackChannel("slack_default").send(notice, "id")
    body = mailbox.mails[0][1].get_body(("html",))
    assert body is not None
    for said in (body.get_content(), slack.bodies[0].decode()):
        assert "hush-hush" not in said
        assert "42" not in said
        assert "{{ 7 * 6 }}" in said


def test_a_mail_to_nobody_with_an_address_is_refused_with_their_names(mailbox: Mailbox) -> None:
    with pytest.raises(NoticeNotSent, match="no e-mail address of whom it is for: b"):
        EmailChannel("smtp_default").send(replace(NOTICE, addressees=(Addressee("b", ""),)), "id")
    assert mailbox.mails == []


def test_a_slack_webhook_gets_blocks_and_makes_no_previews(slack: Listener) -> None:
    SlackChannel("slack_default").send(NOTICE, "id")
    (message,) = slack.posted
    assert message["text"] == "the gate waits"
    assert message["blocks"][0] == {
        "type": "header",
        "text": {"type": "plain_text", "text": "the gate waits", "emoji": False},
    }
    assert (message["unfurl_links"], message["unfurl_media"]) == (False, False)


def test_a_slack_webhook_that_refuses_is_a_failure(slack: Listener) -> None:
    slack.status = 403
    with pytest.raises(Exception, match="Status Code: 403"):
        SlackChannel("slack_default").send(NOTICE, "id")


def test_a_slack_webhook_that_cannot_be_reached_is_logged_by_nobody_with_its_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    connection = {"conn_type": "slackwebhook", "host": f"http://127.0.0.1:{free_port()}", "password": "T0/B0/hush-hush"}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_DEFAULT", json.dumps(connection))
    with caplog.at_level(logging.DEBUG), pytest.raises(OSError) as refused:
        SlackChannel("slack_default").send(NOTICE, "id")
    out, err = capfd.readouterr()
    assert "hush-hush" not in caplog.text + out + err + str(refused.value)


def test_a_topic_gets_the_plain_text_its_subject_and_what_to_filter_by(topic: Listener) -> None:
    SnsChannel("aws_notices", TOPIC).send(NOTICE, "id-1")
    (published,) = topic.forms
    assert (published["Action"], published["TargetArn"]) == ("Publish", TOPIC)
    assert published["Subject"] == "[model-governance] the gate waits"
    assert json.loads(published["Message"])["default"].startswith("the gate waits\n")
    assert published["MessageAttributes.entry.1.Value.StringValue"] == "opened"
    assert "MessageDeduplicationId" not in published


def test_a_fifo_topic_is_told_which_messages_are_the_same(topic: Listener) -> None:
    SnsChannel("aws_notices", f"{TOPIC}.fifo").send(NOTICE, "id-1")
    (published,) = topic.forms
    assert (published["MessageDeduplicationId"], published["MessageGroupId"]) == ("id-1", "loan-approval")


def test_the_log_gets_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        LogChannel().send(notice_with("first\nsecond"), "id")
    assert [record.getMessage().count("\n") for record in caplog.records] == [0]
    assert "first second | comment: first second" in caplog.text


@pytest.mark.parametrize(
    ("setting", "channels"),
    [
        ("", [LogChannel()]),
        ("log", [LogChannel()]),
        ("log, email:smtp_default", [LogChannel(), EmailChannel("smtp_default")]),
        (
            f"slack:slack_default sns:aws_notices:{TOPIC}",
            [SlackChannel("slack_default"), SnsChannel("aws_notices", TOPIC)],
        ),
        ("email:a,email:a", [EmailChannel("a")]),
        ("email:smtp_default,pigeon:loft", [EmailChannel("smtp_default"), UnknownChannel("pigeon:loft")]),
        ("pigeon:loft", [LogChannel(), UnknownChannel("pigeon:loft")]),
        ("sns:aws_notices:somewhere", [LogChannel(), UnknownChannel("sns:aws_notices:somewhere")]),
        ("email:", [LogChannel(), UnknownChannel("email:")]),
        ("email:../../x", [LogChannel(), UnknownChannel("email:../../x")]),
    ],
)
def test_the_setting_names_channels_and_a_log_line_is_there_without_any(setting: str, channels: list[object]) -> None:
    assert list(channels_of(setting)) == channels


def test_what_the_setting_names_wrongly_fails_with_what_it_may_hold() -> None:
    with pytest.raises(NoticeNotSent, match=r"lists 'pigeon:loft': a channel is log, email:<connection>"):
        UnknownChannel("pigeon:loft").send(NOTICE, "id")


def test_channels_have_names_of_their_own_that_are_fit_for_a_key() -> None:
    names = [each.name for each in channels_of(f"log,email:a,slack:a,sns:a:{TOPIC},sns:a:{TOPIC}.fifo,pigeon:/x")]
    assert len(set(names)) == 6
    assert all(name.replace("-", "").replace("_", "").isalnum() for name in names)
