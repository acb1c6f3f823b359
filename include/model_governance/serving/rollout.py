"""Roll-out: a version is taken to production, a change at a time, by something that can be killed after any of them.

Nothing is remembered but what the ledger and the endpoint say. Each call of ``advance`` reads both, verifies the
version anew, makes the one change that is due, and says what to wait for; whoever calls it again goes on from there.
The ledger lets one run at a time begin; what does not hold is rolled back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from model_governance.domain.ledger import Entry, EntryKind, Proposal
from model_governance.domain.production import Attempt, Production, read_production
from model_governance.errors import EvaluationRefused, GateClosed, GovernanceError, LedgerBroken, ServiceUnavailable
from model_governance.hooks.endpoints import Endpoint
from model_governance.hooks.model_registry import IN_PRODUCTION, PRODUCTION_STAGE, StageStatus
from model_governance.serving.aftermath import refuse_given_way
from model_governance.serving.progress import enter_deployment, enter_step
from model_governance.serving.roll_back import abandoned, end_what_may_not_serve, roll_back, take_from_canary
from model_governance.serving.smoke import smoke_test
from model_governance.serving.verification import refuse_marked_stopped, refuse_unless_deployable, verify_version
from model_governance.serving.version import CANARY, Version, canary_weights, is_own

_OTHERS_PAUSE = timedelta(seconds=15)
_PATIENCE_SECONDS = 3600
"""After so long without a step, beyond the declared pause, a deployment is nobody's and is rolled back."""


@dataclass(frozen=True)
class EndpointWait:
    """To be asked again once the endpoint has settled.

    Attributes:
        endpoint: Its name.
        config: The configuration that it is going over to; empty for any.
    """

    endpoint: str
    config: str = ""


@dataclass(frozen=True)
class TimeWait:
    """To be asked again at a time.

    Attributes:
        until: When, aware.
        why: For the log.
    """

    until: datetime
    why: str


Wait = EndpointWait | TimeWait


class _Under(Exception):
    """Another run's deployment is under way."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(attempt.run_id)
        self.attempt = attempt


def advance(version: Version, awaited: str = "", asked: str = "") -> Wait | None:
    """Takes a version one step further to production.

    Args:
        version: The version of a run whose gates have been decided.
        awaited: The configuration that the endpoint was waited for, if it was: with another one it has fallen back.
        asked: Which asking of the run this is, the same for every retry: what was rolled back is not tried again by it.

    Returns:
        What to wait for before it is called again; None once the version serves and the ledger says so.

    Raises:
        GateClosed, ArtifactChanged, EvaluationRefused, RequestRefused: It may not serve, or does not hold. What it had
            changed is rolled back, and the words say to what.
        LedgerBroken, AccessRefused: As the hooks raise, likewise.
        ServiceUnavailable: Worth another call.
    """
    try:
        return _advance(version, awaited, asked)
    except ServiceUnavailable:
        raise
    except LedgerBroken:
        found = version.endpoints.find(version.endpoint)
        if found is not None and not found.is_changing:
            take_from_canary(version.endpoints, found)
        raise
    except GovernanceError as refusal:
        attempt = _own_attempt(version)
        if attempt is None:
            if end_what_may_not_serve(version.installation, version.name) is None:
                return EndpointWait(version.endpoint)
            raise
        said = roll_back(version.installation, version.name, attempt, str(refusal))
        if not said:
            return EndpointWait(version.endpoint)
        raise type(refusal)(f"{refusal}. {said}") from refusal


def _advance(version: Version, awaited: str, asked: str) -> Wait | None:
    ledger = version.installation.ledger(version.name)
    production = read_production(ledger.entries())
    found = version.endpoints.find(version.endpoint)
    refuse_given_way(version, production, asked)
    refuse_unless_deployable(version, production)
    refuse_marked_stopped(version, production)
    verify_version(version)
    if _serves(version, production) and _is_as_wanted(version, found):
        return None
    _refuse_anothers(version, found)
    try:
        attempt = _claim(version, asked)
    except _Under as other:
        return _wait_for_other(version, other.attempt)
    if attempt.given_up:
        raise EvaluationRefused(attempt.given_up)
    _note_deploying(version)
    return _step(version, read_production(ledger.entries()), attempt, awaited)


def _refuse_anothers(version: Version, found: Endpoint | None) -> None:
    """Raises if the endpoint's name was taken by somebody else's: it is neither updated nor deleted.

    Raises:
        GateClosed: Says what it serves.
    """
    if found is not None and not is_own(version.endpoints, found, version.name):
        raise GateClosed(
            f"endpoint {found.name} is not {version.name}'s: it serves {found.config} and bears no tag of this use "
            "case. Whoever made it moves it to another name; then clear this stage's deploy task"
        )


def _own_attempt(version: Version) -> Attempt | None:
    attempt = read_production(version.installation.ledger(version.name).entries()).attempt
    return attempt if attempt is not None and attempt.run_id == version.candidate.run_id else None


def _serves(version: Version, production: Production) -> bool:
    """Whether the ledger says that the version serves, by this run."""
    return production.attempt is None and production.serving is not None and production.serving.subject == version.arn


def _is_as_wanted(version: Version, found: Endpoint | None) -> bool:
    return found is not None and (found.status, found.config) == ("InService", version.config)


def _claim(version: Version, asked: str) -> Attempt:
    """The run's attempt, begun now unless it has been.

    Raises:
        GateClosed, EvaluationRefused: What is on record by now forbids it.
        _Under: Another run's is under way.
    """
    rollout = version.use_case.deployment.rollout

    def propose(entries: Sequence[Entry]) -> Proposal | Entry:
        production = read_production(entries)
        refuse_unless_deployable(version, production)
        if production.attempt is not None:
            if production.attempt.run_id != version.candidate.run_id:
                raise _Under(production.attempt)
            return production.attempt.entry
        refuse_given_way(version, production, asked)
        before = production.serving
        body = {
            "stage": PRODUCTION_STAGE,
            "step": "begin",
            "run_id": version.candidate.run_id,
            "version": version.number,
            "endpoint": version.endpoint,
            "endpoint_config": version.config,
            "replaces": str(before.body.get("endpoint_config", "")) if before else "",
            "percent_steps": list(rollout.canary_percent_steps) if before else [],
            "attempt": production.attempts.get(version.candidate.run_id, 0) + 1,
            "asked": asked,
            "patience_seconds": round(_PATIENCE_SECONDS + rollout.minutes_between * 60),
        }
        return Proposal(EntryKind.DEPLOYMENT_STEP, version.arn, body)

    ledger = version.installation.ledger(version.name)
    begun = ledger.propose(propose)
    attempt = read_production(ledger.entries_with(begun)).attempt
    if attempt is None or attempt.run_id != version.candidate.run_id:
        raise ServiceUnavailable(f"the deployment of version {version.number} was ended by somebody else meanwhile")
    return attempt


def _wait_for_other(version: Version, other: Attempt) -> Wait:
    """Waits while another run deploys; what nobody goes on with is rolled back first."""
    installation = version.installation
    production = read_production(installation.ledger(version.name).entries())
    age = (installation.now() - other.last.time).total_seconds()
    if abandoned(production, age):
        reason = f"nobody went on with it for {age:.0f} s; run {version.candidate.run_id} deploys now"
        if not roll_back(installation, version.name, other, reason):
            return EndpointWait(version.endpoint)
    why = f"run {other.run_id} deploys version {other.version}"
    return TimeWait(installation.now() + _OTHERS_PAUSE, why)


def _step(version: Version, production: Production, attempt: Attempt, awaited: str) -> Wait | None:
    """The one change that is due, by how the endpoint is."""
    endpoints, name = version.endpoints, version.endpoint
    found = endpoints.find(name)
    if found is None:
        endpoints.create(name, version.make_config(), version.tags)
        return EndpointWait(name, version.config)
    if found.is_changing:
        return EndpointWait(name, awaited)
    has_failed = found.has_failed_since(attempt.entry.time)  # who waited for it may have been killed
    if found.status == "Failed":
        if awaited or (has_failed and found.config == version.config):
            raise EvaluationRefused(f"endpoint {name} does not start: {found.failure_reason}")
        endpoints.delete(name)  # what an earlier run left
        return EndpointWait(name)
    if found.config == version.config:
        smoke = smoke_test(version)
        refuse_marked_stopped(version, production)
        enter_deployment(version, verify_version(version), smoke)
        return None
    before = _before(version, production)
    if before is not None and found.config == version.canary_config(before):
        return _canary_step(version, attempt, found)
    if (awaited and found.config != awaited) or has_failed:
        reason = found.failure_reason or f"it serves {found.config}"
        raise EvaluationRefused(f"endpoint {name} does not go over to {awaited or version.config}: {reason}")
    steps = version.use_case.deployment.rollout.canary_percent_steps
    by_canary = steps and before is not None and found.config == before.config
    config = version.make_canary_config(before) if by_canary and before else version.make_config()
    endpoints.update(name, config)
    return EndpointWait(name, config)


def _before(version: Version, production: Production) -> Version | None:
    """The version that serves by the ledger, if it is another one."""
    serving = production.serving
    if serving is None or serving.subject == version.arn:
        return None
    return Version.deployed_by(version.installation, serving)


def _canary_step(version: Version, attempt: Attempt, found: Endpoint) -> Wait | None:
    """Has the canary answer at the share that it has, and gives it the next one, or all of it."""
    rollout = version.use_case.deployment.rollout
    steps = (0, *rollout.canary_percent_steps)
    held = _percent(found)
    if attempt.percent != held:
        due = _next(steps, attempt.percent)
        if held != due:
            version.endpoints.shift(version.endpoint, canary_weights(due))
            return EndpointWait(version.endpoint)
        enter_step(version, attempt, held, smoke_test(version, CANARY))
        attempt = _own_attempt(version) or attempt
    after = attempt.last.time + timedelta(minutes=rollout.minutes_between if held else 0)
    if version.installation.now() < after:
        return TimeWait(after, f"the canary keeps {held} % of the traffic until then")
    if rollout.minutes_between and held:
        smoke_test(version, CANARY)  # it has taken traffic since it was asked last
    if held == steps[-1]:
        version.endpoints.update(version.endpoint, version.make_config())
        return EndpointWait(version.endpoint, version.config)
    version.endpoints.shift(version.endpoint, canary_weights(_next(steps, held)))
    return EndpointWait(version.endpoint)


def _next(steps: Sequence[int], percent: int | None) -> int:
    """The share after one at which the canary has answered."""
    return next((step for step in steps if percent is None or step > percent), steps[-1])


def _percent(found: Endpoint) -> int:
    """The canary's share of the traffic, in percent."""
    return round(100 * found.weights.get(CANARY, 0) / (sum(found.weights.values()) or 1))


def _note_deploying(version: Version) -> None:
    package = version.installation.registry.describe(version.arn)
    known = (StageStatus.DEPLOYING, *(IN_PRODUCTION - {StageStatus.ROLLED_BACK, StageStatus.REPLACED}))
    if package.stage == PRODUCTION_STAGE and package.stage_status in known:
        return
    words = f"to endpoint {version.endpoint} by run {version.candidate.run_id}"
    version.installation.registry.set_life_cycle(version.arn, PRODUCTION_STAGE, StageStatus.DEPLOYING, words)
