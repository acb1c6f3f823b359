"""Requests signed by botocore and then sent by hand, so that a test can change them on the way."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.sagemaker_server.running_server import REGION, RunningServer

JSON = "application/x-amz-json-1.1"


@dataclass
class Sent:
    """An answer."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["__type"])

    @property
    def message(self) -> str:
        return str(json.loads(self.body)["message"])


@dataclass
class Draft:
    """A request signed and not sent yet; any part may be changed first."""

    port: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def send(self) -> Sent:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(self.method, self.path, self.body, self.headers)
            answer = connection.getresponse()
            return Sent(answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()})
        finally:
            connection.close()


@dataclass
class Signer:
    """Signs as a principal; region, service and time can be false."""

    server: RunningServer
    principal: str = "anyone"
    region: str = REGION
    service: str = "sagemaker"
    at: datetime | None = None
    credentials: Credentials | None = None
    extra: dict[str, str] = field(default_factory=dict)

    def draft(
        self, target: str | None, body: bytes | dict[str, Any], *, method: str = "POST", path: str = "/"
    ) -> Draft:
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        headers = {"Content-Type": JSON, **self.extra}
        if target is not None:
            headers["X-Amz-Target"] = target
        request = AWSRequest(method, f"{self.server.url}{path}", data=data, headers=headers)
        credentials = self.credentials or self.server.credentials(self.principal)
        clock = mock.patch("botocore.auth.get_current_datetime", return_value=self.at or datetime.now(UTC))
        with clock:
            SigV4Auth(credentials, self.service, self.region).add_auth(request)
        return Draft(self.server.port, method, path, dict(request.headers.items()), data)

    def send(self, target: str | None, body: bytes | dict[str, Any], **more: str) -> Sent:
        return self.draft(target, body, **more).send()
