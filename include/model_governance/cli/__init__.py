"""The command ``model-governance``: what a person does from a terminal, under that person's own AWS principal.

``commands`` is the list of them. ``gates`` asks what is missing and decides, ``oversight`` grants exceptions and keeps
findings, ``policy`` enters the versions that count. ``ledger`` shows the record (``entries`` says an entry in words),
``ledger_verify`` walks it, ``ledger_export`` hands it out with its verifier; ``replay`` judges past decisions again and
``served`` tells what served when, ``monitoring`` how it did. ``production`` stops, resumes, rolls back and retires it.
``use_cases`` lists what teams have declared, ``suggestions`` drafts expectations for a new data set, ``status`` says
where each version stands, ``card`` and ``report`` write what a person reads of it as HTML or PDF (``document_files``),
``clean_up`` takes down what a use case made (``leavings``).
``demo`` drives the whole lifecycle of the example: ``demo_run`` is the run that it follows, ``live_view`` draws it,
``gate_notice`` tells people what waits for them, ``approvers`` decides in their place and ``stack_people`` acts as each
of the embedded stack's people. ``traffic`` asks the production endpoint as a consumer would (``traffic_sending``).
``terminal`` is how all of them speak: results on standard output, one line and exit
status 1 for a refusal.
"""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point; what it needs is imported within, so that a Ctrl-C meanwhile ends without a traceback."""
    try:
        from model_governance.cli.commands import run
    except KeyboardInterrupt:
        sys.exit(130)
    run()
