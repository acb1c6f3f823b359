"""A program that appends to a ledger until it is killed, saying on standard output what was acknowledged.

Run by ``test_ledger_processes``: ``python ledger_writer.py <writer> <use case> <entries> [<die at>]``. With ``die at``
it kills itself, as ``kill -9`` would, in the middle of its last entry: ``signed`` before anything is sent, ``sent``
after half of the request is on the wire, ``stored`` once the store has answered and nobody has been told.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from model_governance.domain.ledger import EntryKind
from model_governance.hooks.artifacts import Artifacts
from model_governance.hooks.installation import Installation


def main(writer: str, use_case: str, entries: int, die_at: str) -> None:
    installation = Installation.load()
    settings = replace(installation.settings, witness=None)
    ledger = Installation.load(installation.clients, settings).ledger(use_case)
    for number in range(entries):
        if die_at and number == entries - 1:
            arm(die_at)
        entry = ledger.append(EntryKind.EVIDENCE, "arn", {"writer": writer, "number": number})
        print(json.dumps({"sequence": entry.sequence, "digest": entry.digest}), flush=True)


def arm(die_at: str) -> None:
    put = Artifacts.put_new

    def put_new(self: Artifacts, key: str, data: bytes, content_type: str = "application/json") -> None:
        if die_at == "sent":
            import http.client

            send = http.client.HTTPConnection.send

            def half(connection: http.client.HTTPConnection, message: object) -> None:
                if isinstance(message, bytes | bytearray) and b"PUT " in message[:4]:
                    send(connection, message[: len(message) // 2])
                else:
                    send(connection, data[: len(data) // 2])
                os.kill(os.getpid(), signal.SIGKILL)

            http.client.HTTPConnection.send = half  # type: ignore[method-assign, assignment]
        if die_at == "signed":
            os.kill(os.getpid(), signal.SIGKILL)
        put(self, key, data, content_type)
        if die_at == "stored":
            os.kill(os.getpid(), signal.SIGKILL)

    Artifacts.put_new = put_new  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3] / "include"))
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else "")
