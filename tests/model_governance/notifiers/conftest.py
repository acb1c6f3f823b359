"""Servers that receive what notifiers send, on free ports: mail, Slack's webhook, SNS; and a use case to tell about."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from tests.model_governance.conftest import free_port
from tests.model_governance.decisions.conftest import case

__all__ = ["case"]

TOPIC = "arn:aws:sns:us-east-1:111122223333:model-governance"


@dataclass
class Mailbox:
    """A mail server and what it has received.

    Attributes:
        port: Where it listens.
        mails: What came, in order: to whom the envelope says, and the message.
        refusal: What it answers to a mail; empty to take it.
    """

    port: int
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refusal: str = ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refusal:
            return self.refusal
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        read = message_from_bytes(content, policy=policy.default)
        assert isinstance(read, EmailMessage)
        self.mails.append((list(envelope.rcpt_tos), read))
        return "250 taken"


@dataclass
class Listener:
    """A web server and what was sent to it.

    Attributes:
        url: Where it listens.
        bodies: What came, in order.
        status: What it answers.
    """

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    status: int = 200

    @property
    def posted(self) -> list[Any]:
        return [json.loads(body) for body in self.bodies]

    @property
    def forms(self) -> list[dict[str, str]]:
        return [{name: values[0] for name, values in parse_qs(body.decode()).items()} for body in self.bodies]


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A real mail server, which the Airflow connection ``smtp_default`` leads to."""
    box = Mailbox(free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "governance@example.com", "retry_limit": 0}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": box.port, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
    try:
        yield box
    finally:
        controller.stop()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A real web server that remembers what it is sent."""
    heard = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.bodies.append(body)
            answer = b"ok"
            if b"Action=Publish" in body:
                answer = (
                    b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>'
                    b"<MessageId>m</MessageId></PublishResult></PublishResponse>"
                )
            self.send_response(heard.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def slack(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> Listener:
    """What the Airflow connection ``slack_default`` leads to; its token is a secret."""
    connection = {"conn_type": "slackwebhook", "host": listener.url, "password": "T0/B0/hush-hush"}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_DEFAULT", json.dumps(connection))
    return listener


@pytest.fixture
def topic(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> Listener:
    """What the Airflow connection ``aws_notices`` takes for SNS."""
    extra = {"region_name": "us-east-1", "service_config": {"sns": {"endpoint_url": listener.url}}}
    connection = {"conn_type": "aws", "login": "key", "password": "hush-hush", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_NOTICES", json.dumps(connection))
    return listener
