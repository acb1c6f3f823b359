"""``python -m model_governance.triggers <airflow triggerer's arguments>``: a triggerer that runs allowed triggers only.

A program of its own because it must not depend on what Airflow passes over: a plugin or a listener that cannot be
loaded is only logged, and the triggerer would start without it.
"""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> None:
    """Becomes Airflow's triggerer, unless it cannot be held to the allowed triggers."""
    from airflow.__main__ import main as airflow
    from airflow.jobs.triggerer_job_runner import TriggerRunner, TriggerRunnerSupervisor

    from model_governance.errors import TriggerRefused
    from model_governance.triggers.allowed import allowed_triggers, run_only
    from model_governance.triggers.housekeeping import keep_house_at_intervals
    from model_governance.triggers.prompt import tell_at_once

    try:
        run_only(allowed_triggers(), TriggerRunner)
    except TriggerRefused as fault:
        sys.exit(str(fault))
    if not tell_at_once(TriggerRunner):
        print("gates end up to a second later: this version of Airflow's trigger runner is not known", file=sys.stderr)
    if not keep_house_at_intervals(TriggerRunnerSupervisor):
        print("thousands of gates end later: this version of Airflow's triggerer is not known", file=sys.stderr)
    sys.argv = ["airflow", "triggerer", *arguments]
    airflow()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main(sys.argv[1:])
