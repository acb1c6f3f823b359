"""The channels by which notices leave, each through Airflow's hook and connection; read from one setting.

``MODEL_GOVERNANCE_NOTIFY`` lists channels, separated by commas or blanks: ``log``, ``email:<connection>``,
``slack:<connection>``, ``sns:<connection>:<topic ARN>``. Providers' hooks are called and not their notifiers, which
would render the text as a template: a name such as ``{{ conn.smtp_default.password }}`` must remain a name.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from typing import Any, Protocol

from model_governance.domain.notice import Notice
from model_governance.domain.notice_text import as_html, as_line, as_slack, as_text, subject
from model_governance.errors import NoticeNotSent

log = logging.getLogger(__name__)

SLACK_SECONDS = 10
_SILENT = logging.Logger("silent", level=logging.CRITICAL + 1)
_CONNECTION = re.compile(r"[\w.-]{1,200}")
_TOPIC = re.compile(r"arn:aws[\w-]*:sns:(?P<region>[a-z0-9-]+):\d{12}:[\w-]{1,256}(\.fifo)?")


class Channel(Protocol):
    """A way for a notice to leave.

    Attributes:
        name: What records call it; fit for a key.
    """

    @property
    def name(self) -> str:
        """What records call it."""

    def send(self, notice: Notice, message_id: str) -> None:
        """Sends the notice.

        Args:
            notice: What.
            message_id: The same for every attempt at the same notice, so that a reader can tell a repetition.

        Raises:
            Exception: It was not sent; of whatever class the provider raises.
        """


@dataclass(frozen=True)
class LogChannel:
    """A line in the task's log."""

    name: str = "log"

    def send(self, notice: Notice, message_id: str) -> None:
        """Writes the line."""
        log.info("%s", as_line(notice))


@dataclass(frozen=True)
class EmailChannel:
    """Mail to the addressees, by an Airflow connection of the SMTP provider.

    Attributes:
        connection: Its id; its extra ``from_email`` is the sender.
    """

    connection: str

    @property
    def name(self) -> str:
        """What records call it."""
        return f"email-{self.connection}"

    def send(self, notice: Notice, message_id: str) -> None:
        """Sends one mail to all addressees who have an address.

        Raises:
            NoticeNotSent: None has.
            Exception: As the provider and the server refuse.
        """
        from airflow.providers.smtp.hooks.smtp import SmtpHook

        addresses = sorted({each.email for each in notice.addressees if each.email})
        if not addresses:
            told = ", ".join(each.id for each in notice.addressees) or "nobody"
            raise NoticeNotSent(f"people.yaml has no e-mail address of whom it is for: {told}")
        headers = {"Message-ID": f"<{message_id}@model-governance>", "Auto-Submitted": "auto-generated"}
        with SmtpHook(smtp_conn_id=self.connection) as server:
            server.send_email_smtp(
                to=addresses, subject=subject(notice), html_content=as_html(notice), custom_headers=headers
            )


@dataclass(frozen=True)
class SlackChannel:
    """A message to the channel of an incoming webhook, by an Airflow connection of the Slack provider.

    Attributes:
        connection: Its id; its password is the webhook's address or token.
    """

    connection: str

    @property
    def name(self) -> str:
        """What records call it."""
        return f"slack-{self.connection}"

    def send(self, notice: Notice, message_id: str) -> None:
        """Posts the message, without previews of addresses.

        Raises:
            Exception: As the provider and Slack refuse.
        """
        from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

        # Slack's client would log the webhook's address, a secret, when it tries again; here the watch does that.
        hook = SlackWebhookHook(
            slack_webhook_conn_id=self.connection, timeout=SLACK_SECONDS, retry_handlers=[], logger=_SILENT
        )
        hook.send(**as_slack(notice), unfurl_links=False, unfurl_media=False)


@dataclass(frozen=True)
class SnsChannel:
    """A message to an Amazon SNS topic, by an Airflow connection of the Amazon provider.

    Attributes:
        connection: Its id; its principal may publish to the topic.
        topic: The topic's ARN.
    """

    connection: str
    topic: str

    @property
    def name(self) -> str:
        """What records call it; the topic by its digest, as an ARN is no part of a key."""
        return f"sns-{self.connection}-{hashlib.sha256(self.topic.encode()).hexdigest()[:12]}"

    def send(self, notice: Notice, message_id: str) -> None:
        """Publishes the message; a FIFO topic is told which messages are the same.

        Raises:
            Exception: As the provider and SNS refuse.
        """
        from airflow.providers.amazon.aws.hooks.sns import SnsHook

        from model_governance.hooks.aws import client_settings

        is_fifo = self.topic.endswith(".fifo")
        region = self.topic.split(":")[3]
        hook: Any = SnsHook(aws_conn_id=self.connection, region_name=region, config=client_settings())  # type: ignore[no-untyped-call]
        hook.publish_to_target(
            target_arn=self.topic,
            message=as_text(notice),
            subject=subject(notice),
            message_attributes={"kind": notice.kind.value, "use_case": notice.use_case},
            message_deduplication_id=message_id if is_fifo else None,
            message_group_id=notice.use_case if is_fifo else None,
        )


@dataclass(frozen=True)
class UnknownChannel:
    """What the setting lists and nobody understands: it fails whenever it is used, and says why.

    Attributes:
        text: As the setting has it.
    """

    text: str

    @property
    def name(self) -> str:
        """What records call it."""
        return f"unknown-{hashlib.sha256(self.text.encode()).hexdigest()[:12]}"

    def send(self, notice: Notice, message_id: str) -> None:
        """Sends nothing.

        Raises:
            NoticeNotSent: Always; with what the setting may hold.
        """
        raise NoticeNotSent(
            f"MODEL_GOVERNANCE_NOTIFY lists {self.text!r}: a channel is log, email:<connection>, slack:<connection> or "
            "sns:<connection>:<topic ARN>"
        )


def channels_of(setting: str) -> tuple[Channel, ...]:
    """The channels of an installation, each once; a line in the log where the setting names none that can be used."""
    named = tuple(dict.fromkeys(_channel(text) for text in setting.replace(",", " ").split()))
    usable = any(not isinstance(each, UnknownChannel) for each in named)
    return named if usable else (LogChannel(), *named)


def _channel(text: str) -> Any:
    kind, _, rest = text.partition(":")
    connection, _, topic = rest.partition(":")
    if text == "log":
        return LogChannel()
    if kind == "sns" and _CONNECTION.fullmatch(connection) and _TOPIC.fullmatch(topic):
        return SnsChannel(connection, topic)
    if kind in ("email", "slack") and _CONNECTION.fullmatch(rest):
        return EmailChannel(rest) if kind == "email" else SlackChannel(rest)
    return UnknownChannel(text)
