"""A registry that cannot be reached fails no waiter, and what was decided meanwhile is seen once it can."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from tests.benchmarks.relay import Fault, Relay, running_relay
from tests.model_governance.decisions.conftest import Case
from tests.model_governance.triggers.test_approval import trigger_of, wait_all

from model_governance.domain.decision import Gate
from model_governance.domain.deployment import Environment
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_registry import ApprovalStatus
from model_governance.triggers import approval, registry_watch
from stack.credentials import Credentials
from stack.settings import Settings

POLLS = 3


@dataclass(frozen=True)
class RelayedClients:
    """Clients of ``decision-service`` whose way to the registry leads through a relay; they do not try again."""

    relay: Relay
    settings: Settings

    def client(self, service: str) -> Any:
        key = Credentials(self.settings.secrets).key("decision-service")
        return boto3.client(
            service,
            endpoint_url=self.settings.s3_url if service == "s3" else self.relay.url,
            region_name=self.settings.region,
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
            config=Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1, "mode": "standard"}),
        )

    def within(self, environment: Environment, role_arn: str) -> RelayedClients:
        return self


@pytest.fixture
def relay(stack_settings: Settings) -> Iterator[Relay]:
    with running_relay(stack_settings.sagemaker_port) as made:
        yield made


@pytest.fixture
def relayed(case: Case, relay: Relay, stack_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Case:
    """A use case whose triggers reach the registry through the relay."""
    installation = Installation.load(RelayedClients(relay, stack_settings), case.decisions.settings)
    monkeypatch.setattr(registry_watch, "deciding_installation", lambda: installation)
    return case


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name.lower())
def test_a_decision_made_in_an_outage_ends_its_task_after_it(
    relayed: Case, relay: Relay, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = relayed.governed()
    failed = threading.Semaphore(0)

    def pause(failures: int) -> float:
        if failures:
            failed.release()
        return 0.05

    monkeypatch.setattr(approval, "pause", pause)

    def decide_in_an_outage() -> None:
        relay.cut(fault)
        relayed.principal("governance-officer").registry.set_approval(arn, ApprovalStatus.APPROVED, "seen")
        for _ in range(POLLS):
            assert failed.acquire(timeout=60)
        relay.mend()

    events = asyncio.run(wait_all([trigger_of(relayed, Gate.GOVERNANCE)], decide_in_an_outage))
    assert [type(event).__name__ for event in events] == ["TaskSuccessEvent"]


def test_a_waiter_that_comes_in_an_outage_waits_for_its_end(
    relayed: Case, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = relayed.governed()
    relayed.decide(Gate.GOVERNANCE, arn)
    relay.cut()
    failures_in_a_row: list[int] = []

    def pause(failures: int) -> float:
        failures_in_a_row.append(failures)
        if failures > POLLS:
            relay.mend()
        return 0.05

    monkeypatch.setattr(approval, "pause", pause)
    events = asyncio.run(wait_all([trigger_of(relayed, Gate.GOVERNANCE)]))
    assert [type(event).__name__ for event in events] == ["TaskSuccessEvent"]
    assert max(failures_in_a_row) > POLLS
