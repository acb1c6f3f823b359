"""The object store: written once, read by digest, never removed from the ledger; on the real store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from model_governance.domain.canonical import sha256_hex
from model_governance.errors import AccessRefused, ArtifactChanged, RecordConflict, RecordMissing, RequestRefused
from model_governance.hooks.artifacts import Artifacts
from model_governance.hooks.aws import Clients
from stack.settings import Settings

ClientsOf = Callable[[str], Clients]
PREFIX = "use-cases/artifacts-test"


@pytest.fixture
def artifacts(stack_settings: Settings, object_store: None, clients_of: ClientsOf) -> Artifacts:
    return Artifacts(clients_of("pipeline").client("s3"), stack_settings.bucket)


def test_the_same_bytes_may_be_put_again_and_others_may_not(artifacts: Artifacts) -> None:
    first = artifacts.put_once(f"{PREFIX}/report.json", b'{"a":1}')
    assert artifacts.put_once(f"{PREFIX}/report.json", b'{"a":1}') == first
    with pytest.raises(ArtifactChanged) as refused:
        artifacts.put_once(f"{PREFIX}/report.json", b'{"a":2}')
    assert sha256_hex(b'{"a":1}') in str(refused.value)
    assert sha256_hex(b'{"a":2}') in str(refused.value)
    assert artifacts.get(f"{PREFIX}/report.json") == b'{"a":1}'


def test_an_object_read_with_another_digest_is_refused(artifacts: Artifacts) -> None:
    stored = artifacts.put_once(f"{PREFIX}/read.json", b"{}")
    assert artifacts.get(stored.uri, stored.sha256) == b"{}"
    with pytest.raises(ArtifactChanged, match="recorded is 000"):
        artifacts.get(stored.uri, "0" * 64)


def test_what_is_not_there_is_missing(artifacts: Artifacts) -> None:
    with pytest.raises(RecordMissing, match="nothing-here"):
        artifacts.get(f"{PREFIX}/nothing-here")
    assert not artifacts.exists(f"{PREFIX}/nothing-here")


def test_an_uploaded_file_has_the_digest_of_its_bytes(artifacts: Artifacts, tmp_path: Path) -> None:
    file = tmp_path / "model.tar.gz"
    file.write_bytes(bytes(range(256)) * 40_000)
    stored = artifacts.upload(f"{PREFIX}/model.tar.gz", file)
    assert stored.sha256 == sha256_hex(file.read_bytes()) == artifacts.digest(stored.uri)
    assert artifacts.exists(f"{PREFIX}/model.tar.gz")


def test_a_prefix_is_listed_in_order_and_removed_whole(artifacts: Artifacts) -> None:
    names = [f"{PREFIX}/many/{number:03d}" for number in range(5)]
    for name in reversed(names):
        artifacts.put_new(name, b"x")
    assert list(artifacts.list(f"{PREFIX}/many/")) == names
    assert list(artifacts.list(f"{PREFIX}/many/", names[2])) == names[3:]
    assert artifacts.delete_prefix(f"{PREFIX}/many/") == 5
    assert list(artifacts.list(f"{PREFIX}/many/")) == []


@pytest.mark.parametrize("prefix", ["", "l", "ledger/", "ledger/loan-approval/"])
def test_the_ledger_is_never_removed_by_prefix(artifacts: Artifacts, prefix: str) -> None:
    with pytest.raises(AccessRefused, match="append-only"):
        artifacts.delete_prefix(prefix)


def test_the_ledger_is_never_overwritten(artifacts: Artifacts, tmp_path: Path) -> None:
    file = tmp_path / "entry"
    file.write_bytes(b"{}")
    with pytest.raises(AccessRefused, match="append-only"):
        artifacts.upload("ledger/artifacts-test/000000000001.json", file)


def test_an_object_is_put_only_where_none_is(artifacts: Artifacts) -> None:
    artifacts.put_new(f"{PREFIX}/new", b"a")
    with pytest.raises(RecordConflict):
        artifacts.put_new(f"{PREFIX}/new", b"a")


def test_an_address_that_is_none_is_refused(artifacts: Artifacts) -> None:
    with pytest.raises(RequestRefused, match="expected s3://"):
        artifacts.get("https://example.com/file")


def test_a_principal_without_permission_is_named_in_the_refusal(
    stack_settings: Settings, object_store: None, clients_of: ClientsOf
) -> None:
    store = Artifacts(clients_of("model-owner").client("s3"), stack_settings.bucket)
    with pytest.raises(AccessRefused, match="model-owner"):
        store.put_once(f"{PREFIX}/forbidden", b"x")
