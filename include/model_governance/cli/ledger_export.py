"""``model-governance ledger export``: a ledger in one file that an auditor verifies without us, and the verifier."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from model_governance.cli.ledger_verify import refuse_no_name
from model_governance.cli.terminal import installation, say
from model_governance.cli.use_cases import refuse_unknown
from model_governance.decisions.publish import published_heads
from model_governance.domain.canonical import canonical_json
from model_governance.domain.head import refuse_cut_off
from model_governance.domain.ledger import FORMAT
from model_governance.errors import RequestRefused
from model_governance.hooks.installation import Installation

_VERIFIER = Path(__file__).with_name("verify_export.py")


def export(
    use_case: Annotated[str | None, typer.Argument(help="Name of the use case, such as loan-approval.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="A new file; standard output without it.")] = None,
    verifier: Annotated[bool, typer.Option("--verifier", help="Print the verifier, one Python file.")] = False,
) -> None:
    """Write a ledger, its public keys and its published heads as JSON lines, verified while it is written.

    The verifier needs Python and the package cryptography, and the two keys' fingerprints, which are told on standard
    error: give them to the auditor by another way than the file.
    """
    if verifier:
        print(_VERIFIER.read_text(encoding="utf-8"), end="")
        return
    if use_case is None:
        raise RequestRefused("no ledger was exported: say which use case's, or --verifier")
    known = installation()
    refuse_no_name(known, use_case)
    data = exported(known, use_case)
    if to is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        _write_new(to, data)
        say(f"{use_case}: {len(data)} bytes in {to}")
    for authority, key in known.public_keys.items():
        print(f"--{authority.value}-key {key.fingerprint}", file=sys.stderr)


def _write_new(file: Path, data: bytes) -> None:
    try:
        with file.open("xb") as new:
            new.write(data)
    except FileExistsError:
        raise RequestRefused(
            f"{file} cannot be written: it is there already; name another with --to, or remove it"
        ) from None
    except OSError as fault:
        raise RequestRefused(f"{file} cannot be written: {fault.strerror}") from None


def exported(known: Installation, use_case: str) -> bytes:
    """The ledger's file.

    Raises:
        LedgerBroken: It does not hold, or a witness knows a later head.
        AccessRefused, ServiceUnavailable: As the store, the registry and the witness answer.
    """
    sightings = published_heads(known, use_case)  # before the ledger: what is published meanwhile is of later entries
    entries = known.ledger(use_case).verify()
    refuse_cut_off(use_case, entries, sightings)
    refuse_unknown(known, use_case, entries)
    header = {
        "export": "model-governance ledger",
        "format": FORMAT,
        "use_case": use_case,
        "ledger": known.artifacts.uri(f"ledger/{use_case}/"),
        "exported": known.now().isoformat(),
        "entries": len(entries),
        "head": entries[-1].digest if entries else None,
        "keys": {
            authority.value: {"sha256": key.fingerprint, "pem": key.pem} for authority, key in known.public_keys.items()
        },
    }
    told = [{"published": each.place, **each.head.model_dump()} for each in sightings]
    lines = [canonical_json(header), *(entry.raw for entry in entries), *map(canonical_json, told)]
    return b"".join(line + b"\n" for line in lines)
