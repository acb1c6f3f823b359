"""Appends beside bare conditional PUTs of the same bytes, and how fast a chain of 100,000 entries is verified."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.benchmarks.measure import Figure, at_least, free_port, median_ratio

from model_governance.domain.canonical import canonical_json
from model_governance.domain.chain import read_chain
from model_governance.domain.ledger import NO_ENTRY, Authority, Entry, EntryKind, authority_over, next_entry
from model_governance.domain.seal import SEGMENT, Seal, read_segment, seal_of, segment_bytes
from model_governance.hooks.artifacts import Artifacts
from model_governance.hooks.aws import EnvironmentClients
from model_governance.hooks.installation import Installation
from model_governance.hooks.ledger import Ledger
from model_governance.hooks.seals import SEALERS
from model_governance.hooks.settings import Settings as InstallationSettings
from model_governance.hooks.signer import PublicKey
from stack.credentials import (
    DECISIONS_PUBLIC_KEY,
    LEDGER_PUBLIC_KEY,
    OVERSIGHT_PUBLIC_KEY,
    Credentials,
    make_credentials,
)
from stack.environments import make_object_store_environment
from stack.lifecycle import make_buckets
from stack.settings import Settings

_ROUNDS = 7
_APPENDS = 40
_ENTRIES = 100_000
_SINGLY = 2_000
_BODY = {
    "kind": "data_quality",
    "uri": "s3://model-governance/use-cases/loan-approval/runs/0123456789ab/reports/data_quality.json",
    "sha256": "0" * 64,
    "verdict": "pass",
    "measurements": [{"name": "auc", "value": 0.8125, "minimum": 0.7, "verdict": "pass", "detail": "of 592 rows"}] * 3,
}


def run() -> list[Figure]:
    """Both, and the slower way of verifying for comparison."""
    return [*_appends(), *_verification()]


def _appends() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, _installation(Path(folder)) as installation:
        ledger, store = installation.ledger("bench"), installation.artifacts
        raw = ledger.append(EntryKind.EVIDENCE, "arn", _BODY).raw

        def put_bare(key: str) -> None:
            store.client.put_object(
                Bucket=store.bucket, Key=key, Body=raw, ContentType="application/json", IfNoneMatch="*"
            )

        rounds = [
            _rates_in_turn(
                lambda n, number=number: put_bare(f"ledger/_bench/{number}-{n}.json"),
                lambda n, number=number: store.put_new(f"ledger/_bench/short-{number}-{n}.json", raw),
                lambda _: ledger.append(EntryKind.EVIDENCE, "arn", _BODY),
            )
            for number in range(_ROUNDS)
        ]
    bare, short, ours = ([each[place] for each in rounds] for place in range(3))
    middle = _ROUNDS // 2
    return [
        Figure("bare conditional PUTs of an entry's bytes by boto3", sorted(bare)[middle], "a second"),
        Figure("the same as the ledger sends them", sorted(short)[middle], "a second"),
        Figure("appends, one after the other", sorted(ours)[middle], "a second"),
        at_least("appends beside bare conditional PUTs by boto3", median_ratio(ours, bare), "ratio", 0.7),
        Figure("appends beside bare conditional PUTs as the ledger sends them", median_ratio(ours, short), "ratio"),
    ]


def _rates_in_turn(*writes: Callable[[int], object]) -> list[float]:
    """How many a second of each, one of each in turn: what else the machine does meets all of them alike."""
    seconds = [0.0] * len(writes)
    for number in range(_APPENDS):
        for place, write in enumerate(writes):
            began = time.perf_counter()
            write(number)
            seconds[place] += time.perf_counter() - began
    return [_APPENDS / each for each in seconds]


def _verification() -> list[Figure]:
    private = {authority: Ed25519PrivateKey.generate() for authority in Authority}
    keys = {authority: PublicKey(key.public_key()) for authority, key in private.items()}
    entries = _chain(private, keys)
    segments = []
    for first in range(0, _ENTRIES, SEGMENT):
        data = segment_bytes(entries[first : first + SEGMENT])
        seal = seal_of(entries[first : first + SEGMENT], data)
        segments.append((data, seal, {each: private[each].sign(seal.signed_bytes) for each in Authority}))
    singly = [entry.raw for entry in entries[:_SINGLY]]
    began = time.perf_counter()
    read_chain(singly, use_case="bench", keys=keys)
    singly_rate = _SINGLY / (time.perf_counter() - began)
    began = time.perf_counter()
    _verify(segments, keys)
    sealed_rate = _ENTRIES / (time.perf_counter() - began)
    ledger = Ledger("bench", Artifacts(_Memory(segments), "bench"), {}, keys)
    began = time.perf_counter()
    if len(ledger.verify(sealed=True)) != _ENTRIES:
        raise RuntimeError("not every entry was read by its seal")
    whole_rate = _ENTRIES / (time.perf_counter() - began)
    return [
        Figure("verified entry by entry: signature, form and chain", singly_rate, "a second"),
        at_least(f"verified by seals and chain, {_ENTRIES:,} entries once read", sealed_rate, "a second", 100_000),
        at_least("the same by Ledger.verify(sealed=True), entries made of it", whole_rate, "a second", 100_000),
    ]


class _Memory:
    """A client of a store that holds a ledger's segments and seals, and nothing else."""

    def __init__(self, segments: list[tuple[bytes, Seal, dict[Authority, bytes]]]) -> None:
        self._objects: dict[str, bytes] = {}
        for data, seal, signatures in segments:
            name = f"ledger/_seals/bench/{seal.last:012d}"
            self._objects[f"{name}.jsonl"] = data
            for authority in SEALERS:
                signature = base64.b64encode(signatures[authority]).decode()
                said = canonical_json({"seal": seal.model_dump(), "signature": signature})
                self._objects[f"{name}.{authority.value}.json"] = said
            self._objects[f"ledger/bench/{seal.last:012d}.json"] = data.splitlines()[-1]

    def get_object(self, *, Key: str, **_: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self._objects[Key])}

    def list_objects_v2(self, *, Prefix: str, StartAfter: str = "", **_: str) -> dict[str, Any]:
        keys = sorted(key for key in self._objects if key.startswith(Prefix) and key > StartAfter)
        return {"Contents": [{"Key": key} for key in keys]}


def _verify(segments: list[tuple[bytes, Seal, dict[Authority, bytes]]], keys: dict[Authority, PublicKey]) -> None:
    previous = NO_ENTRY
    for data, seal, signatures in segments:
        if not all(keys[each].verify(seal.signed_bytes, signatures[each]) for each in Authority):
            raise RuntimeError("a seal does not hold")
        read_segment(data, seal, previous)
        previous = seal.head


def _chain(private: dict[Authority, Ed25519PrivateKey], keys: dict[Authority, PublicKey]) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(_ENTRIES):
        kind = EntryKind.DECISION if number % 10 == 9 else EntryKind.EVIDENCE
        authority = authority_over(kind, {})
        entry = next_entry(
            entries[-1] if entries else None,
            use_case="bench",
            kind=kind,
            subject="arn:aws:sagemaker:us-east-1:111122223333:model-package/bench/1",
            body=_BODY,
            time=datetime(2026, 1, 1, tzinfo=UTC),
            key_id=authority.value,
            key_sha256=keys[authority].fingerprint,
        )
        # Only those verified one by one need a signature of their own; the others' is as long.
        signed = number < _SINGLY
        entries.append(entry.signed(private[authority].sign(entry.signed_bytes) if signed else bytes(64)))
    return entries


@contextmanager
def _installation(home: Path) -> Iterator[Installation]:
    """The object store and the SageMaker server on free ports, and the pipeline's installation on them."""
    settings = Settings.from_environment(
        {
            "MODEL_GOVERNANCE_HOME": str(home),
            "MODEL_GOVERNANCE_S3_PORT": str(free_port()),
            "MODEL_GOVERNANCE_SAGEMAKER_PORT": str(free_port()),
        }
    )
    make_credentials(settings)
    make_object_store_environment(settings, print)
    with _server(settings, "s3", "stack.s3", settings.s3_url):
        make_buckets(settings)
        with _server(settings, "sagemaker", "sagemaker_server", f"{settings.sagemaker_url}/ping"):
            yield _pipeline(settings)


def _pipeline(settings: Settings) -> Installation:
    credentials = Credentials(settings.secrets)
    os.environ["AWS_ENDPOINT_URL_S3"], os.environ["AWS_ENDPOINT_URL_KMS"] = settings.s3_url, settings.sagemaker_url
    key = credentials.key("pipeline")
    session = boto3.Session(key.access_key_id, key.secret_access_key, region_name=settings.region)
    known = replace(
        InstallationSettings.from_environment({}),
        ledger_public_key=credentials.path(LEDGER_PUBLIC_KEY),
        decisions_public_key=credentials.path(DECISIONS_PUBLIC_KEY),
        oversight_public_key=credentials.path(OVERSIGHT_PUBLIC_KEY),
    )
    return Installation.load(EnvironmentClients(session), known)


@contextmanager
def _server(settings: Settings, program: str, module: str, url: str) -> Iterator[None]:
    (settings.home / "logs").mkdir(exist_ok=True)
    with (settings.home / "logs" / f"{program}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "stack.launch", program, "python", "-m", module],
            env={**os.environ, **settings.exported, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + 60
        while True:
            try:
                httpx.get(url, trust_env=False)
                break
            except httpx.HTTPError:
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"{program} does not start: see {settings.home / 'logs'}") from None
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)
