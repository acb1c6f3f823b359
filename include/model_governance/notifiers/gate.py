"""The notifier of a gate: called by Airflow once its request has succeeded, tells those who may decide.

Apart from the task that requests the gate, whose success is on record before this runs: the gate waits already while
a mail server is slow. What this does not send (a killed worker, an outage), the next tick of the watch does.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)


class GateNotifier(BaseNotifier):
    """Tells those who may decide a gate that it waits for them; never fails.

    Args:
        use_case: The use case's name.
        gate: The gate: ``use_case``, ``governance`` or ``production``.
    """

    template_fields = ("use_case", "gate")

    def __init__(self, *, use_case: str, gate: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_case = use_case
        self.gate = gate

    def notify(self, context: Context) -> None:
        """Sends the notice by every channel of the installation; a failure is logged and left to the watch."""
        from model_governance.domain.decision import Gate
        from model_governance.hooks.aws import PIPELINE_CONNECTION, AirflowClients
        from model_governance.hooks.installation import Installation
        from model_governance.notifiers.dispatch import Dispatch, concerns_run

        try:
            installation = Installation.load(AirflowClients(PIPELINE_CONNECTION))
            concerned = concerns_run(Gate(self.gate), context["run_id"])
            Dispatch.of(installation).tell_deciders(self.use_case, concerned)
        except Exception as fault:  # a gate neither fails nor waits for a notice
            log.warning("the %s gate of %s: nobody was told (%s); the watch will", self.gate, self.use_case, fault)
