"""``python -m stack.log_server``: Airflow's own server of running tasks' logs, on loopback.

Airflow's scheduler and triggerer would start it on every address of the machine, with no setting against it; so they
are told not to (``--skip-serve-logs``) and it is run here.
"""

from __future__ import annotations

import os

import uvicorn


def main() -> None:
    """Serve the log folder until told to stop."""
    uvicorn.run(
        "airflow.utils.serve_logs.log_server:get_app",
        factory=True,
        host=os.environ["MODEL_GOVERNANCE_HOST"],
        port=int(os.environ["MODEL_GOVERNANCE_LOG_PORT"]),
        access_log=False,
    )


if __name__ == "__main__":
    main()
