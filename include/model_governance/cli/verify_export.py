#!/usr/bin/env python3
"""Verifies an exported ledger without the system that wrote it: Python's standard library and ``cryptography`` alone.

    pip install cryptography
    python verify_export.py ledger.jsonl --ledger-key SHA256 --decisions-key SHA256 --oversight-key SHA256 \
        [--operations-key SHA256] [--head "SEQUENCE SHA256" ...]

Ask the installation's owner, not the file, for the keys' fingerprints: whoever wrote a false file wrote its keys
too. Without them the file is only shown to agree with itself, and the exit status is 2. 0: it holds; 1: it does not.
That entries are missing at the end shows only by a head that you know from elsewhere: a card, the lineage, the witness.

The file has one JSON document a line: first what the export is, with the public keys; then every entry, each line
exactly the bytes that are stored; then the heads that were published outside the chain. An entry is canonical JSON (RFC
8785). Its ``previous`` is the sha256 of the line before it, or 64 zeros. Its signature (Ed25519) is over
``model-governance ledger entry v2``, a line feed and the sha256, in hex, of the entry without its ``signature``. A
``decision``, ``refusal``, ``order`` or ``withdrawal`` must be signed with the decisions key, a ``policy_version``,
``exception``, ``finding`` or ``finding_closure`` with the oversight key, a ``stop``, ``resume``, ``reversion`` or
``retirement`` with the operations key, every other kind that ``SIGNED_WITH`` lists with the ledger key; a kind that it
does not list is refused. Those four are signed with the ledger key if their body names an ``order``: the place of an
entry before it by which the same person had the same thing done in the same words, at most two hours before, also by
the times of what other keys have signed since, and which no other entry has carried out or withdrawn.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

PREFIX = b"model-governance ledger entry v2\n"
SIGNED_WITH = {
    "ledger": {
        *("use_case", "candidate", "evidence", "request", "deployment", "deployment_step", "roll_back", "failure"),
        *("clean_up", "superseded", "monitoring", "breach", "retraining"),
    },
    "decisions": {"decision", "refusal", "order", "withdrawal"},
    "oversight": {"exception", "finding", "finding_closure", "policy_version"},
    "operations": {"stop", "resume", "reversion", "retirement"},
}
ORDERED_AS = {"stop": "stop", "resume": "resume", "reversion": "roll_back", "retirement": "retire"}
ORDERED_IN = ["actor", "channel", "order_id", "reason", "role"]
COUNTS_FOR = timedelta(hours=2)
ORDER_TEXTS = ["actor", "channel", "operation", "order_id", "people_digest", "policy_digest", "reason", "role"]
MAY_LACK = "operations"
"""The key that came last: an export of an installation without it has none, and no entry that needs it."""
MEMBERS = ["body", "format", "key_id", "key_sha256", "kind", "previous", "sequence", "signature", "subject", "time"]
MEMBERS.append("use_case")
TEXTS = [name for name in MEMBERS if name not in ("body", "format", "sequence")]
HEX = re.compile(r"[0-9a-f]{64}")
NUMBER = re.compile(r"[0-9]{1,15}")


class DoesNotHold(Exception):
    """The first thing found that does not hold."""


def sha256(data: bytes) -> str:
    """Sha256 in hex."""
    return hashlib.sha256(data).hexdigest()


def parse(line: bytes, where: str) -> dict[str, Any]:
    """A line's JSON object; a name given twice is refused, since readers differ in which they take."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("a name is given twice")
        return dict(pairs)

    try:
        said = json.loads(line.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as fault:
        raise DoesNotHold(f"{where}: cannot be read: {fault}") from None
    if not isinstance(said, dict):
        raise DoesNotHold(f"{where}: is no JSON object")
    return said


def load_keys(header: dict[str, Any], expected: dict[str, str]) -> dict[str, tuple[str, Ed25519PublicKey]]:
    """The public keys of the file by name, each the one expected where a fingerprint was given."""
    keys = {}
    for name in SIGNED_WITH:
        if name == MAY_LACK and name not in header.get("keys", {}):
            continue
        try:
            key = load_pem_public_key(header["keys"][name]["pem"].encode())
        except (KeyError, TypeError, AttributeError, ValueError, UnsupportedAlgorithm) as fault:
            raise DoesNotHold(f"line 1: no public {name} key: {fault!r}") from None
        if not isinstance(key, Ed25519PublicKey):
            raise DoesNotHold(f"line 1: the {name} key is no Ed25519 key")
        fingerprint = sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        if expected[name] and expected[name] != fingerprint:
            raise DoesNotHold(f"line 1: the {name} key is {fingerprint}, expected was {expected[name]}")
        keys[name] = (fingerprint, key)
    if len({fingerprint for fingerprint, _ in keys.values()}) < len(keys):
        raise DoesNotHold("line 1: two keys are the same: whoever records evidence could forge decisions")
    return keys


def is_time(text: str) -> bool:
    """Whether the text is an ISO time with an offset, written as the ledger writes it."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return False
    return time.tzinfo is not None and time.isoformat() == text


def verify_entry(
    line: bytes, place: int, previous: str, use_case: object, keys: dict[str, tuple[str, Ed25519PublicKey]]
) -> dict[str, Any]:
    """The entry of this place.

    Raises:
        DoesNotHold: The line is none, is not signed as its kind demands, or is not bound to the line before.
    """
    where = f"entry {place}"
    said = parse(line, where)
    texts = sorted(said) == MEMBERS and all(isinstance(said[name], str) for name in TEXTS)
    if not texts or said["format"] != 2 or not isinstance(said["body"], dict):
        raise DoesNotHold(f"{where}: is no entry of form 2")
    if said["use_case"] != use_case:
        raise DoesNotHold(f"{where}: is of the ledger of {said['use_case']}")
    if said["sequence"] != place or type(said["sequence"]) is not int:
        raise DoesNotHold(f"{where}: found sequence {said['sequence']}: removed, inserted or reordered")
    if not is_time(said["time"]):
        raise DoesNotHold(f"{where}: its time {said['time']!r} is no ISO time with an offset")
    name = next((key for key, kinds in SIGNED_WITH.items() if said["kind"] in kinds), None)
    if name is None:
        raise DoesNotHold(f"{where}: kind {said['kind']!r} is none of a ledger's")
    if said["kind"] in ORDERED_AS and "order" in said["body"]:
        name = "ledger"
    if name not in keys:
        raise DoesNotHold(f"{where}: kind {said['kind']} must be signed with the {name} key, which the file lacks")
    fingerprint, key = keys[name]
    if said["key_sha256"] != fingerprint:
        raise DoesNotHold(f"{where}: kind {said['kind']} must be signed with the {name} key, it names another")
    # Names are sorted and quotes inside strings are escaped, so the last one found is the entry's own.
    member = f',"signature":"{said["signature"]}"'.encode()
    at = line.rfind(member)
    if at < 0 or not line.startswith(b',"subject":"', at + len(member)):
        raise DoesNotHold(f"{where}: its signature is not where canonical JSON has it")
    try:
        signature = base64.b64decode(said["signature"], validate=True)
        if base64.b64encode(signature).decode() != said["signature"]:
            raise ValueError("bits that nothing reads")
        key.verify(signature, PREFIX + sha256(line[:at] + line[at + len(member) :]).encode())
    except (ValueError, InvalidSignature):
        raise DoesNotHold(f"{where}: its signature does not hold: changed, or signed with another key") from None
    if said["previous"] != previous:
        raise DoesNotHold(f"{where}: previous is {said['previous'][:12]}, the line before it is {previous[:12]}")
    return said


def is_order(body: dict[str, Any]) -> bool:
    """Whether the body of an order says all that it must, and nothing else."""
    if sorted(body) != sorted([*ORDER_TEXTS, "drill", "to_version"]) or type(body["drill"]) is not bool:
        return False
    texts = all(isinstance(body[name], str) for name in ORDER_TEXTS) and body["actor"] and body["order_id"]
    number = body["to_version"] is None or (type(body["to_version"]) is int and body["to_version"] > 0)
    return bool(texts and number and body["operation"] in ORDERED_AS.values())


def verify_order(said: dict[str, Any], orders: dict[int, dict[str, Any]]) -> None:
    """Raises unless somebody ordered what the entry says was done in his name, if it says so.

    Args:
        said: The entry.
        orders: The orders before it that may be carried out still, by their places; brought up to this entry.
    """
    kind, body, time = said["kind"], said["body"], datetime.fromisoformat(said["time"])
    by_the_pipeline = kind in SIGNED_WITH["ledger"] or (kind in ORDERED_AS and "order" in body)
    if kind in ORDERED_AS and "order" in body and not (kind == "stop" and body["order"] is None):
        named = body["order"] if type(body["order"]) is int else None
        given = orders.pop(named, None) if named else None
        if given is None or not is_order(given["body"]):
            raise DoesNotHold(f"entry {said['sequence']}: a {kind} names no order that stands: {body['order']!r}")
        ordered = given["body"]
        same = ordered["operation"] == ORDERED_AS[kind]
        same = same and all(body.get(name) == ordered[name] for name in ORDERED_IN)
        if kind == "stop":
            same = same and ordered["drill"] is body.get("drill")
        if kind == "reversion":
            same = same and ordered["to_version"] == body.get("version")
        if not same or abs(time - datetime.fromisoformat(given["time"])) > COUNTS_FOR:
            raise DoesNotHold(f"entry {said['sequence']}: a {kind} is not what entry {named} has ordered, or too late")
    for place, given in list(orders.items()):
        late = not by_the_pipeline and time - datetime.fromisoformat(given["time"]) > COUNTS_FOR
        withdrawn = kind == "withdrawal" and type(body.get("order")) is int and body["order"] == place
        unaware = kind == "stop" and given["body"].get("operation") == "resume"  # of the stop, when it was given
        if late or withdrawn or unaware:
            del orders[place]
    if kind == "order":
        orders[said["sequence"]] = said


def verify_head(place: str, head: dict[str, Any], digests: list[str]) -> None:
    """Raises if somebody outside the chain knows of an entry that is not there, or is another."""
    sequence, digest = head.get("sequence"), head.get("digest")
    if type(sequence) is not int or not HEX.fullmatch(str(digest)) or sequence < 1:
        raise DoesNotHold(f"{place}: is no head")
    if sequence > len(digests):
        raise DoesNotHold(f"entry {len(digests) + 1}: cut off: the file ends there, {place} knows entry {sequence}")
    if digests[sequence - 1] != digest:
        raise DoesNotHold(f"entry {sequence}: the chain was rewritten: {place} knows {digest}")


def verify(data: bytes, expected: dict[str, str], heads: Sequence[str] = ()) -> str:
    """Verifies an export.

    Args:
        data: The file's bytes.
        expected: Fingerprints of the ``ledger``, ``decisions``, ``oversight`` and ``operations`` keys; empty where they
            are not known.
        heads: Heads known from elsewhere, such as ``12 9f86d0...``.

    Returns:
        What holds, in one line.

    Raises:
        DoesNotHold: Naming the first entry that does not hold.
    """
    if not data.endswith(b"\n"):
        raise DoesNotHold("the file is cut off: it does not end with a line feed")
    lines = data[:-1].split(b"\n")
    header = parse(lines[0], "line 1")
    count, use_case = header.get("entries"), header.get("use_case")
    if header.get("export") != "model-governance ledger" or header.get("format") != 2:
        raise DoesNotHold("line 1: this is no export of a ledger in form 2")
    if type(count) is not int or count < 0:
        raise DoesNotHold("line 1: this is no export of a ledger: it does not say how many entries it has")
    keys = load_keys(header, expected)
    if len(lines) < 1 + count:
        raise DoesNotHold(f"entry {len(lines)}: cut off: the file says it has {count} entries")
    digests: list[str] = []
    orders: dict[int, dict[str, Any]] = {}
    for place, line in enumerate(lines[1 : 1 + count], start=1):
        verify_order(verify_entry(line, place, digests[-1] if digests else "0" * 64, use_case, keys), orders)
        digests.append(sha256(line))
    if header.get("head") != (digests[-1] if digests else None):
        raise DoesNotHold(f"line 1: says the head is {header.get('head')}, it is {digests[-1] if digests else None}")
    published = [parse(line, f"line {number}") for number, line in enumerate(lines[1 + count :], start=2 + count)]
    for said in published:
        verify_head(str(said.get("published")), said, digests)
    for text in heads:
        sequence, _, digest = text.partition(" ")
        known = {"sequence": int(sequence) if NUMBER.fullmatch(sequence) else None, "digest": digest}
        verify_head("the head given", known, digests)
    return f"{use_case}: {count} entries hold, {len(published) + len(heads)} published heads agree"


def plain(text: str) -> str:
    """The text with everything escaped that could move a terminal's cursor, hide words or not be written at all."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def main() -> int:
    """Read the arguments, verify, and say it; see the module's docstring for the exit status."""
    arguments = argparse.ArgumentParser(description="Verify an exported ledger.")
    arguments.add_argument("file")
    arguments.add_argument("--ledger-key", default="", help="sha256 of the ledger's public key (DER)")
    arguments.add_argument("--decisions-key", default="", help="sha256 of the decisions' public key (DER)")
    arguments.add_argument("--oversight-key", default="", help="sha256 of the policy owners' public key (DER)")
    arguments.add_argument("--operations-key", default="", help="sha256 of the operators' public key (DER)")
    arguments.add_argument("--head", action="append", default=[], help="a head you know: 'SEQUENCE SHA256'")
    given = arguments.parse_args()
    expected = {name: getattr(given, f"{name}_key").lower() for name in SIGNED_WITH}
    try:
        data = Path(given.file).read_bytes()  # once: a pipe has nothing more to say
        print(plain(verify(data, expected, given.head)))
    except (OSError, DoesNotHold) as fault:
        print(plain(f"DOES NOT HOLD: {fault}"))
        return 1
    has_all = MAY_LACK in parse(data.split(b"\n", 1)[0], "line 1")["keys"]
    if not all(said for name, said in expected.items() if name != MAY_LACK or has_all):
        print("NOT PROVEN: the keys are the file's own; give all their fingerprints as the owner tells them")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
