"""What Airflow's pages are given: a script that shows the reason of a refusal, where Airflow's UI itself would not.

Airflow 3.3 answers every 403 with "Access Denied" and drops the body. The script is no page of its own and holds no
data: it needs no sign-in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.staticfiles import StaticFiles

_PREFIX = "/model-governance"

FILES: dict[str, Any] = {
    "name": "Model governance: files of pages",
    "app": StaticFiles(directory=Path(__file__).with_name("page")),
    "url_prefix": f"{_PREFIX}/page",
}
"""A ``fastapi_apps`` entry of an Airflow plugin."""

ANSWERS = {
    "name": "ModelGovernanceAnswers",
    "bundle_url": f"{_PREFIX.lstrip('/')}/page/answers.js",
    "url_route": "model-governance-answers",
    "destination": "base",
}
"""A ``react_apps`` entry of an Airflow plugin: on every page, drawing nothing until the middleware has answered."""
