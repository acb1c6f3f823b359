"""The name under which Airflow's parts find each other's logs; a module of its own since Airflow imports it by name."""

from __future__ import annotations

import os


def log_host() -> str:
    """The host of the log server, on loopback: the machine's own name may be an address that others reach."""
    return os.environ.get("MODEL_GOVERNANCE_LOG_HOST", "127.0.0.1")
