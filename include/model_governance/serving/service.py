"""Has the endpoint serve a version that served before, and waits until it does; what resuming and reverting share."""

from __future__ import annotations

import time

from model_governance.errors import (
    ArtifactChanged,
    EvaluationRefused,
    GovernanceError,
    RecordMissing,
    ServiceUnavailable,
)
from model_governance.serving.roll_back import take_from_canary
from model_governance.serving.smoke import smoke_test
from model_governance.serving.version import Version

_LONGEST_SECONDS = 1800.0
_PAUSE_SECONDS = 0.2


def serve(version: Version) -> None:
    """Has the production endpoint serve a version alone, by the configuration that it was deployed with.

    Raises:
        RecordMissing: The configuration is gone; a new run makes another.
        ArtifactChanged: The configuration is of another version than the one that was deployed by it.
        EvaluationRefused: It does not start; what served before goes on.
        ServiceUnavailable: It is not there after half an hour.
        AccessRefused, RequestRefused: As SageMaker answers.
    """
    endpoints, name, config = version.endpoints, version.endpoint, version.config
    if not endpoints.configs.exists(config):
        raise RecordMissing(
            f"endpoint configuration {config} of version {version.number} is gone: it cannot serve again. "
            "Start a new run"
        )
    served = endpoints.configs.packages_of(config)
    if served != (version.arn,):
        raise ArtifactChanged(
            f"endpoint configuration {config} serves {', '.join(served) or 'no version of the registry'}, not version "
            f"{version.number} ({version.arn}): somebody made it anew. Start a new run"
        )
    asked, until = False, time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < until:
        found = endpoints.find(name)
        if found is None:
            endpoints.create(name, config, version.tags)
            asked = True
        elif found.status == "Failed":
            reason = f"endpoint {name} does not start with {config}: {found.failure_reason}"
            endpoints.delete(name)
            if asked:
                raise EvaluationRefused(reason)
        elif not found.is_changing:
            if found.config == config:
                return
            if asked and found.failure_reason:  # without one, somebody else changed it: it is asked once more
                raise EvaluationRefused(f"endpoint {name} does not go over to {config}: {found.failure_reason}")
            take_from_canary(endpoints, found)
            if not endpoints.describe(name).is_changing:
                endpoints.update(name, config)
                asked = True
        time.sleep(_PAUSE_SECONDS)
    raise ServiceUnavailable(f"endpoint {name} does not serve {config} after {_LONGEST_SECONDS:.0f} s; try again")


def smoke_of(version: Version) -> dict[str, object]:
    """What a version that serves again answers, as the ledger holds it; a failed test alone takes nothing away."""
    try:
        return {"smoke": smoke_test(version).document}
    except GovernanceError as fault:
        return {"smoke_failed": " ".join(str(fault).split())[:1000]}
