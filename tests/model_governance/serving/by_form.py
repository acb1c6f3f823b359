"""Orders by the form of production control: entered as the web server enters them, carried out as its task does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from tests.model_governance.serving.conftest import Plant

from model_governance.domain.ledger import Entry
from model_governance.domain.orders import Operation
from model_governance.hooks.installation import Installation
from model_governance.serving.obey import obey
from model_governance.web.desk import GovernanceDesk
from model_governance.web.order_requests import CONTROL_DAG, OrderForm


@dataclass(frozen=True)
class Filled:
    """A form that somebody has filled in.

    Attributes:
        plant: The use case.
        user: Their Airflow user.
        said: The form.
        order_id: The run's.
    """

    plant: Plant
    user: str
    said: dict[str, Any]
    order_id: str

    def enter(self, hands: Installation | None = None) -> Filled:
        """Has the web server's principal enter the order."""
        self._desk(hands).order(self._form, self.order_id, self.user)
        return self

    def withdraw(self, why: str, user: str = "") -> None:
        """Has the web server's principal withdraw the order, for whoever gave it or another user."""
        self._desk(None).withdraw(self._form, self.order_id, user or self.user, why)

    @property
    def _form(self) -> OrderForm:
        return OrderForm.model_validate(self.said)

    def _desk(self, hands: Installation | None) -> GovernanceDesk:
        desk = GovernanceDesk()
        vars(desk)["installation"] = hands or self.plant.case.decisions
        return desk

    def obey(self, hands: Installation | None = None) -> Entry:
        """Carries it out under the pipeline's principal."""
        return obey(hands or self.plant.pipeline, self.order_id, self.user, self.said, time.monotonic())


def filled(plant: Plant, operation: Operation, user: str, run: str = "1", **said: Any) -> Filled:
    """The form, with a reason, as Airflow hands it on: every Param has a value."""
    form = {"action": operation.value, "use_case": plant.name, "reason": "it errs", "to_version": None, "drill": False}
    return Filled(plant, user, {**form, **said}, f"{CONTROL_DAG}/{run}")
