"""One chain per use case: any number of writers append to it without a fork; what was tampered with is named."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from model_governance.domain.canonical import canonical_json
from model_governance.domain.ledger import Authority, Entry, EntryKind, Proposal
from model_governance.errors import (
    DecisionRefused,
    LedgerBroken,
    RecordConflict,
    RequestRefused,
    ServiceUnavailable,
)
from model_governance.hooks.artifacts import Artifacts
from model_governance.hooks.aws import Clients
from model_governance.hooks.ledger import Ledger
from model_governance.hooks.ledger_places import Places
from model_governance.hooks.signer import PublicKey, Signer
from stack.settings import Settings

SUBJECT = "arn:aws:sagemaker:us-east-1:111122223333:model-package/ledger-test/1"
KEYS = {authority: Ed25519PrivateKey.generate() for authority in Authority}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAMES = (f"ledger-test-{number}" for number in itertools.count())


class LocalKms:
    """Signs as KMS does, with keys of this test."""

    def sign(self, *, KeyId: str, Message: bytes, MessageType: str, SigningAlgorithm: str) -> dict[str, bytes]:
        assert (MessageType, SigningAlgorithm) == ("RAW", "ED25519_SHA_512")
        return {"Signature": KEYS[Authority(KeyId)].sign(Message)}


SIGNERS = {authority: Signer(LocalKms(), authority.value) for authority in Authority}
PUBLIC_KEYS = {authority: PublicKey(key.public_key()) for authority, key in KEYS.items()}


@pytest.fixture
def store(stack_settings: Settings, object_store: None, clients_of: Callable[[str], Clients]) -> Artifacts:
    return Artifacts(clients_of("pipeline").client("s3"), stack_settings.bucket)


@pytest.fixture
def name() -> str:
    return next(NAMES)


@pytest.fixture
def open_ledger(store: Artifacts, name: str) -> Callable[[], Ledger]:
    """Each call is another process's view of the same ledger."""
    return lambda: Ledger(name, store, SIGNERS, PUBLIC_KEYS)


class Tamper:
    """Reads through to the store, but for the objects that someone got at: the store itself lets nobody."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.changed: dict[str, bytes | None] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_object(self, *, Bucket: str, Key: str) -> Any:
        if Key not in self.changed:
            return self._client.get_object(Bucket=Bucket, Key=Key)
        data = self.changed[Key]
        if data is None:
            return self._client.get_object(Bucket=Bucket, Key="removed/" + Key)
        answer = self._client.get_object(Bucket=Bucket, Key=self._any(Key))
        return {**answer, "Body": Body(data)}

    def list_objects_v2(self, **asked: Any) -> Any:
        page = self._client.list_objects_v2(**asked)
        keys = {item["Key"] for item in page.get("Contents", ())}
        removed = {key for key, data in self.changed.items() if data is None}
        added = {
            key
            for key, data in self.changed.items()
            if data is not None and key.startswith(asked["Prefix"]) and key > asked.get("StartAfter", "")
        }
        return {**page, "Contents": [{"Key": key} for key in sorted((keys | added) - removed)]}

    def _any(self, key: str) -> str:
        return key.rsplit("/", 1)[0] + "/000000000001.json"


class Body:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self) -> bytes:
        return self._data


@pytest.fixture
def tamper(store: Artifacts) -> Tamper:
    return Tamper(store.client)


@pytest.fixture
def written(open_ledger: Callable[[], Ledger]) -> tuple[Entry, ...]:
    ledger = open_ledger()
    return tuple(ledger.append(EntryKind.EVIDENCE, SUBJECT, {"number": number}) for number in range(5))


def key(name: str, place: int) -> str:
    return f"ledger/{name}/{place:012d}.json"


def through(tamper: Tamper, name: str) -> Ledger:
    store = Artifacts(tamper, "model-governance")
    return Ledger(name, store, SIGNERS, PUBLIC_KEYS)


def test_entries_are_read_back_as_they_were_written(
    open_ledger: Callable[[], Ledger], written: tuple[Entry, ...]
) -> None:
    assert open_ledger().entries() == written
    assert open_ledger().verify() == written
    assert [entry.sequence for entry in written] == [1, 2, 3, 4, 5]
    assert [entry.previous for entry in written[1:]] == [entry.digest for entry in written[:-1]]


def test_an_empty_ledger_has_no_entries(open_ledger: Callable[[], Ledger]) -> None:
    assert open_ledger().entries() == ()
    assert open_ledger().verify() == ()


def test_an_entry_that_is_there_already_is_returned_and_not_written_again(open_ledger: Callable[[], Ledger]) -> None:
    first = open_ledger().append(EntryKind.CANDIDATE, SUBJECT, {"run": "r1"})
    again = open_ledger().append(
        EntryKind.CANDIDATE, SUBJECT, {"run": "r1"}, unless=lambda entry: entry.body.get("run") == "r1"
    )
    assert again == first
    assert len(open_ledger().entries()) == 1


def test_twenty_writers_at_once_make_one_chain_without_a_gap(open_ledger: Callable[[], Ledger]) -> None:
    def write(writer: int) -> None:
        ledger = open_ledger()
        for number in range(3):
            ledger.append(EntryKind.EVIDENCE, SUBJECT, {"writer": writer, "number": number})

    with ThreadPoolExecutor(20) as writers:
        list(writers.map(write, range(20)))
    entries = open_ledger().verify()
    assert [entry.sequence for entry in entries] == list(range(1, 61))
    said = {(entry.body["writer"], entry.body["number"]) for entry in entries}
    assert said == {(writer, number) for writer in range(20) for number in range(3)}


def test_twenty_writers_of_the_same_thing_write_it_once(open_ledger: Callable[[], Ledger]) -> None:
    def write(_: int) -> Entry:
        return open_ledger().append(
            EntryKind.DECISION, SUBJECT, {"id": "d"}, unless=lambda entry: entry.body.get("id") == "d"
        )

    with ThreadPoolExecutor(20) as writers:
        found = list(writers.map(write, range(20)))
    assert len({entry.digest for entry in found}) == 1
    assert len(open_ledger().verify()) == 1


def test_threads_that_share_one_view_lose_nothing(open_ledger: Callable[[], Ledger]) -> None:
    ledger = open_ledger()
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda number: ledger.append(EntryKind.EVIDENCE, SUBJECT, {"n": number}), range(24)))
    assert sorted(entry.body["n"] for entry in open_ledger().verify()) == list(range(24))


def test_threads_that_wait_for_a_look_share_the_next_and_never_one_that_began_before_they_asked(
    open_ledger: Callable[[], Ledger],
) -> None:
    ledger, writer = open_ledger(), open_ledger()
    began, may_go_on, looks = threading.Event(), threading.Event(), []
    read_after, writers_own = Places.read_after, threading.current_thread()

    def slow(self: Places, head: Entry | None) -> tuple[Entry, ...]:
        found = read_after(self, head)
        if threading.current_thread() is writers_own:
            return found
        looks.append(len(found))
        began.set()
        assert may_go_on.wait(20)
        return found

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(9) as pool:
        patch.setattr(Places, "read_after", slow)
        first = pool.submit(ledger.entries)
        assert began.wait(20)
        written = writer.append(EntryKind.EVIDENCE, "arn:after-the-first-look-began", {})
        asked = threading.Semaphore(0)
        others = [pool.submit(lambda: (asked.release(), ledger.entries())[1]) for _ in range(8)]
        for _ in others:
            assert asked.acquire(timeout=20)
        may_go_on.set()
        assert first.result() == ()
        assert [each.result() for each in others] == [(written,)] * 8
    assert looks[:2] == [0, 1]
    assert len(looks) < 9


def test_a_check_and_its_entry_are_one_step(open_ledger: Callable[[], Ledger]) -> None:
    """Twenty people want the one seat that is left; one gets it whoever was first, the others are told."""

    def take(person: int) -> bool:
        def propose(entries: Any) -> Proposal:
            if entries:
                raise DecisionRefused("taken")
            return Proposal(EntryKind.DECISION, SUBJECT, {"person": person})

        try:
            open_ledger().propose(propose)
        except DecisionRefused:
            return False
        return True

    with ThreadPoolExecutor(20) as people:
        assert sum(people.map(take, range(20))) == 1


def test_a_put_whose_answer_was_lost_is_not_written_twice(
    open_ledger: Callable[[], Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    put, lost = Artifacts.put_new, iter([True])

    def lossy(self: Artifacts, key: str, data: bytes, content_type: str = "application/json") -> None:
        put(self, key, data, content_type)
        if next(lost, False):
            raise RecordConflict("already there", was_retried=True)

    monkeypatch.setattr(Artifacts, "put_new", lossy)
    entry = open_ledger().append(EntryKind.EVIDENCE, SUBJECT, {"a": 1})
    assert open_ledger().verify() == (entry,)


def test_a_put_that_is_still_on_its_way_when_it_is_sent_again_is_one_entry(
    open_ledger: Callable[[], Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store answers the repeated put that another is under way, and only then has the first one."""
    put, on_their_way = Artifacts.put_new, []

    def late(self: Artifacts, key: str, data: bytes, content_type: str = "application/json") -> None:
        if not on_their_way:
            on_their_way.append((key, data))
            raise RecordConflict("another is under way", was_retried=True)
        monkeypatch.setattr(Artifacts, "put_new", put)
        put(self, *on_their_way[0])
        put(self, key, data, content_type)

    monkeypatch.setattr(Artifacts, "put_new", late)
    entry = open_ledger().append(EntryKind.EVIDENCE, SUBJECT, {"a": 1})
    assert open_ledger().verify() == (entry,)


def test_two_writers_of_the_same_words_at_the_same_time_have_an_entry_each(store: Artifacts, name: str) -> None:
    """Their bytes are the same: who is plainly told that the place is taken must not take that entry for his own."""
    first, second = (Ledger(name, store, SIGNERS, PUBLIC_KEYS, now=lambda: NOON) for _ in range(2))
    begun = first.append(EntryKind.EVIDENCE, SUBJECT, {"number": 1})
    assert second.entries() == (begun,)
    entries = [each.append(EntryKind.EVIDENCE, SUBJECT, {"number": 2}) for each in (first, second)]
    assert [entry.sequence for entry in entries] == [2, 3]


@pytest.mark.parametrize(
    "number", [1e20, 9007199254740992.0, 1e16, -1e17, 1.2345e20, 1e21, 5e-324, -0.0, 2**53, 10**20, 0.1, 2**53 - 1]
)
def test_every_number_that_was_written_is_read_again(open_ledger: Callable[[], Ledger], number: float) -> None:
    """Canonical JSON writes a large float as an integer, which a reader must take for what it was."""
    entry = open_ledger().append(EntryKind.EVIDENCE, SUBJECT, {"value": number})
    assert open_ledger().append(EntryKind.EVIDENCE, SUBJECT, {"after": 1}).sequence == 2
    read = open_ledger().verify()[0]
    assert (read.raw, read.body["value"]) == (entry.raw, number)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53 + 1, 10**400, "\ud800"])
def test_what_canonical_json_cannot_hold_is_refused_and_nothing_is_written(
    open_ledger: Callable[[], Ledger], value: object
) -> None:
    with pytest.raises(RequestRefused, match="not appended"):
        open_ledger().append(EntryKind.EVIDENCE, SUBJECT, {"value": [value]})
    assert open_ledger().verify() == ()


def test_a_put_that_broke_off_after_arriving_counts(
    open_ledger: Callable[[], Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    put, lost = Artifacts.put_new, iter([True])

    def lossy(self: Artifacts, key: str, data: bytes, content_type: str = "application/json") -> None:
        put(self, key, data, content_type)
        if next(lost, False):
            raise ServiceUnavailable("no answer")

    monkeypatch.setattr(Artifacts, "put_new", lossy)
    entry = open_ledger().append(EntryKind.EVIDENCE, SUBJECT, {"a": 1})
    assert open_ledger().verify() == (entry,)


@pytest.mark.parametrize("place", [1, 3, 5])
def test_a_changed_entry_is_named(
    open_ledger: Callable[[], Ledger], written: tuple[Entry, ...], tamper: Tamper, name: str, place: int
) -> None:
    said = json.loads(written[place - 1].raw)
    said["body"]["number"] = 99
    tamper.changed[key(name, place)] = canonical_json(said)
    with pytest.raises(LedgerBroken, match=f"entry {place}: its signature does not hold"):
        through(tamper, name).entries()


def test_an_entry_signed_by_another_key_is_named(
    open_ledger: Callable[[], Ledger], written: tuple[Entry, ...], tamper: Tamper, name: str
) -> None:
    forged = written[1].model_copy(update={"body": {"number": 99}, "signature": ""})
    signature = Ed25519PrivateKey.generate().sign(forged.signed_bytes)
    said = {**json.loads(forged.raw), "signature": base64.b64encode(signature).decode()}
    tamper.changed[key(name, 2)] = canonical_json(said)
    with pytest.raises(LedgerBroken, match="entry 2: its signature does not hold"):
        through(tamper, name).entries()


def test_a_removed_entry_is_named(written: tuple[Entry, ...], tamper: Tamper, name: str) -> None:
    tamper.changed[key(name, 3)] = None
    with pytest.raises(LedgerBroken, match="entry 3: removed"):
        through(tamper, name).entries()


def test_reordered_entries_are_named(written: tuple[Entry, ...], tamper: Tamper, name: str) -> None:
    tamper.changed[key(name, 2)], tamper.changed[key(name, 3)] = written[2].raw, written[1].raw
    with pytest.raises(LedgerBroken, match="entry 2: found sequence 3"):
        through(tamper, name).entries()


def test_an_inserted_object_is_named(written: tuple[Entry, ...], tamper: Tamper, name: str) -> None:
    tamper.changed[f"ledger/{name}/000000000002-b.json"] = written[1].raw
    with pytest.raises(LedgerBroken, match=r"'000000000002-b\.json' was inserted"):
        through(tamper, name).entries()


def test_an_entry_of_another_ledger_is_named(
    open_ledger: Callable[[], Ledger], store: Artifacts, written: tuple[Entry, ...], tamper: Tamper, name: str
) -> None:
    other = Ledger("ledger-test-other", store, SIGNERS, PUBLIC_KEYS)
    foreign = other.append(EntryKind.EVIDENCE, SUBJECT, {"number": 0})
    tamper.changed[key(name, 1)] = foreign.raw
    with pytest.raises(LedgerBroken, match="it is from the ledger of ledger-test-other"):
        through(tamper, name).entries()


def test_a_chain_cut_off_at_its_end_is_seen_by_who_has_read_it(
    written: tuple[Entry, ...], tamper: Tamper, name: str
) -> None:
    ledger = through(tamper, name)
    ledger.entries()
    tamper.changed[key(name, 5)] = None
    for read in (ledger.entries, ledger.verify):
        with pytest.raises(LedgerBroken, match="entry 5: removed"):
            read()


def test_an_entry_changed_after_it_was_read_is_seen_by_verification(
    written: tuple[Entry, ...], tamper: Tamper, name: str
) -> None:
    ledger = through(tamper, name)
    ledger.entries()
    tamper.changed[key(name, 2)] = b"{}"
    with pytest.raises(LedgerBroken, match="entry 2: changed"):
        ledger.verify()


def test_nothing_is_appended_to_a_broken_chain(
    open_ledger: Callable[[], Ledger], written: tuple[Entry, ...], tamper: Tamper, name: str
) -> None:
    tamper.changed[key(name, 4)] = b"not json"
    with pytest.raises(LedgerBroken, match="entry 4: changed"):
        through(tamper, name).append(EntryKind.EVIDENCE, SUBJECT, {})
    assert len(open_ledger().entries()) == 5


def test_a_private_key_that_is_not_the_public_keys_other_half_appends_nothing(store: Artifacts, name: str) -> None:
    crossed = {Authority.LEDGER: SIGNERS[Authority.DECISIONS], Authority.DECISIONS: SIGNERS[Authority.LEDGER]}
    with pytest.raises(LedgerBroken, match=r"not appended: decisions is not the private half of .* public ledger key"):
        Ledger(name, store, crossed, PUBLIC_KEYS).append(EntryKind.EVIDENCE, SUBJECT, {})
    assert Ledger(name, store, SIGNERS, PUBLIC_KEYS).entries() == ()


def test_a_refusal_on_what_was_read_before_is_not_believed_without_a_new_look(
    open_ledger: Callable[[], Ledger],
) -> None:
    """One process has read the chain; another has written since what makes the first one's refusal wrong."""
    stale = open_ledger()
    stale.append(EntryKind.EVIDENCE, SUBJECT, {"n": 1})
    open_ledger().append(EntryKind.REQUEST, SUBJECT, {})

    def propose(entries: Any) -> Proposal:
        if entries[-1].kind is not EntryKind.REQUEST:
            raise DecisionRefused("nothing was requested")
        return Proposal(EntryKind.DECISION, SUBJECT, {"id": "d"})

    assert stale.propose(propose).sequence == 3


def test_a_proposal_on_what_was_read_before_gives_way_to_what_was_written_since(
    open_ledger: Callable[[], Ledger],
) -> None:
    stale, seen = open_ledger(), []
    stale.append(EntryKind.EVIDENCE, SUBJECT, {"n": 1})
    open_ledger().append(EntryKind.DECISION, SUBJECT, {"id": "d"})

    def propose(entries: Any) -> Proposal:
        seen.append(len(entries))
        if any(entry.kind is EntryKind.DECISION for entry in entries):
            raise DecisionRefused("decided already")
        return Proposal(EntryKind.DECISION, SUBJECT, {"id": "d"})

    with pytest.raises(DecisionRefused):
        stale.propose(propose)
    assert seen == [1, 2]
    assert len(open_ledger().verify()) == 2
