"""Systems around a model over real HTTP: right, down, slow, elsewhere, too large; and hosts that nobody calls."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from model_governance.domain.dependency import Downstream, Upstream
from model_governance.errors import UseCaseInvalid
from model_governance.hooks.dependencies import Addresses, Dependencies, call_once, read_addresses

Handle = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def served() -> Iterator[Callable[[Handle], str]]:
    """Serves what a function answers; its address."""
    servers = []

    def serve(handle: Handle) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                handle(self)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def answers(status: int, body: bytes = b"{}", **headers: str) -> Handle:
    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return handle


def source(url: str, **more: Any) -> Upstream:
    fields = {"name": "source", "url": f"{url}/{{entity}}", "entities": ["e"], "timeout_seconds": 1.0, **more}
    return Upstream.model_validate(fields)


def test_an_entity_is_asked_for_and_its_answer_comes_back_whole(served: Any) -> None:
    seen = []

    def handle(request: BaseHTTPRequestHandler) -> None:
        seen.append((request.command, request.path, request.headers["Host"]))
        answers(200, b'{"a": 1}')(request)

    url = served(handle)
    answer = Dependencies("loans", Addresses("http://127.0.0.1:1")).get(source(url), "a b/../c")
    assert (answer.status, answer.body, answer.problem) == (200, b'{"a": 1}', "")
    assert seen == [("GET", "/a%20b%2F..%2Fc", url.removeprefix("http://"))]


def test_a_prediction_is_sent_with_what_every_consumer_is_told(served: Any) -> None:
    got = []

    def handle(request: BaseHTTPRequestHandler) -> None:
        got.append(json.loads(request.rfile.read(int(request.headers["Content-Length"]))))
        answers(202)(request)

    consumer = Downstream(name="queue", url=served(handle), status=(202,))
    dependencies = Dependencies("loans", Addresses("http://127.0.0.1:1"), {"use_case": "loans", "test": True})
    assert dependencies.post(consumer, "e", {"entity": "e", "prediction": 0.5}).status == 202
    assert got == [{"use_case": "loans", "test": True, "entity": "e", "prediction": 0.5}]


def test_one_that_is_down_has_no_status_and_says_so() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        answer = call_once("GET", f"http://127.0.0.1:{probe.getsockname()[1]}/e", source("http://127.0.0.1:1"))
    assert answer.status is None
    assert answer.problem.startswith("could not be reached")


def test_a_name_that_is_none_says_so() -> None:
    answer = call_once("GET", "http://no-such-host.invalid/e", source("http://no-such-host.invalid"))
    assert answer.status is None
    assert answer.problem.startswith("could not be reached")


def test_a_redirect_is_not_followed(served: Any) -> None:
    followed = []
    target = served(lambda request: followed.append(1))
    url = served(answers(302, Location=target))
    answer = call_once("GET", url, source(url))
    assert (answer.status, followed) == (302, [])
    assert "not followed" in answer.problem


def test_a_huge_answer_is_not_read_to_its_end(served: Any) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while True:
                request.wfile.write(b"x" * 65536)
        except OSError:
            pass

    url = served(endless)
    answer = call_once("GET", url, source(url, largest_answer_bytes=1000))
    assert (answer.status, answer.problem) == (200, "the answer is larger than 1000 bytes")


def test_a_slow_answer_is_given_up(served: Any) -> None:
    over = threading.Event()
    url = served(lambda request: over.wait(30))
    answer = call_once("GET", url, source(url, timeout_seconds=0.2))
    over.set()
    assert answer.status is None
    assert "within 0.2 s" in answer.problem


@pytest.mark.parametrize("part", ["headers", "body"])
def test_an_answer_that_trickles_is_given_up_too(served: Any, part: str) -> None:
    over = threading.Event()

    def trickle(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.0 200 OK\r\n" + (b"\r\n" if part == "body" else b"X-Slow: "))
        try:
            while not over.wait(0.05):
                request.wfile.write(b"x")
        except OSError:
            pass

    url = served(trickle)
    answer = call_once("GET", url, source(url, timeout_seconds=0.3))
    over.set()
    assert "within 0.3 s" in answer.problem
    assert answer.seconds < 20


def test_a_compressed_answer_is_not_unpacked(served: Any) -> None:
    url = served(answers(200, b"bomb", Content_Encoding="gzip"))
    assert "compressed" in call_once("GET", url, source(url)).problem


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "2852039166", "0xa9fea9fe", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0", "224.0.0.1"],  # noqa: S104
)
def test_network_services_of_the_machine_are_never_called(host: str) -> None:
    began = time.monotonic()
    answer = call_once("GET", f"http://{host}/latest/meta-data", source("http://127.0.0.1:1"))
    assert answer.status is None
    assert "no dependency lives there" in answer.problem, answer.problem
    assert time.monotonic() - began < 20


def test_a_name_that_leads_to_this_machine_is_not_called(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url = served(answers(200))
    port = url.rpartition(":")[2]
    own = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: own)
    assert "leads to this machine" in call_once("GET", f"http://features.example.com:{port}/", source(url)).problem
    assert call_once("GET", f"http://localhost:{port}/", source(url)).status == 200


def test_a_host_of_several_addresses_is_found_at_the_one_that_answers(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(served(answers(200)).rpartition(":")[2])
    both = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    assert call_once("GET", f"http://localhost:{port}/", source("http://x.example")).status == 200


def test_a_certificate_is_held_to_the_name_in_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Right)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_of("localhost", tmp_path))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"https://%s:{server.server_port}/"
    try:
        unknown = call_once("GET", address % "localhost", source("http://x.example"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "localhost.pem"))
        right = call_once("GET", address % "localhost", source("http://x.example"))
        other = call_once("GET", address % "127.0.0.1", source("http://x.example"))
    finally:
        server.shutdown()
        server.server_close()
    assert (right.status, unknown.status, other.status) == (200, None, None)
    assert "CERTIFICATE_VERIFY_FAILED" in unknown.problem
    assert "IP address mismatch" in other.problem


class _Right(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answers(200)(self)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def certificate_of(host: str, folder: Path) -> Path:
    """A file with a key and a certificate that it has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / f"{host}.pem"
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file


def test_the_proxy_of_the_environment_sees_nothing(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    url = served(answers(200))
    assert call_once("GET", url, source(url)).status == 200


def test_an_installation_names_another_address() -> None:
    own = read_addresses("loans.source=https://features.example.com/v2/{entity}?full=1 loans.queue={stubs}/queue")
    dependencies = Dependencies("loans", Addresses("http://127.0.0.1:8604", own))
    assert dependencies.url(source("http://x.example"), "7") == "https://features.example.com/v2/7?full=1"
    queue = Downstream(name="queue", url="https://queue.example.com")
    assert dependencies.call_in_words(queue, "7") == "POST http://127.0.0.1:8604/queue (a stub of this installation)"
    other = Dependencies("others", Addresses("http://127.0.0.1:8604", own))
    assert other.call_in_words(queue, "7") == "POST https://queue.example.com"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("loans.source", "it must be <use case>.<dependency>=<url>"),
        ("loans=https://x.example", "it must be"),
        ("loans.source=file:///etc/passwd", "by http or https, not 'file'"),
        ("loans.source=http://169.254.169.254/", "no dependency lives there"),
        ("loans.source=https://user:secret@x.example/", "carries credentials"),
    ],
)
def test_an_address_that_is_none_is_refused_and_no_secret_told(text: str, said: str) -> None:
    with pytest.raises(UseCaseInvalid, match=said) as refusal:
        Addresses.from_environment({"MODEL_GOVERNANCE_DEPENDENCIES": text})
    assert "secret" not in str(refusal.value)
