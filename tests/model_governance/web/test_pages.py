"""What Airflow's pages are given is there where they ask for it, and knows the middleware's answers by their header."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from model_governance.web import pages
from model_governance.web.marks import ANSWER_HEADER

SCRIPT = Path(pages.__file__).parent / "page" / "answers.js"


def test_the_script_is_served_where_airflow_loads_it_from() -> None:
    mounted = Starlette(routes=[Mount(pages.FILES["url_prefix"], pages.FILES["app"])])
    with TestClient(mounted) as client:
        answer = client.get(f"/{pages.ANSWERS['bundle_url']}")
        assert answer.status_code == 200
        assert "javascript" in answer.headers["content-type"]
        assert answer.content == SCRIPT.read_bytes()
        prefix = pages.FILES["url_prefix"]
        assert client.get(f"{prefix}/../marks.py").status_code == 404
        assert client.get(f"{prefix}/").status_code == 404


def test_the_script_knows_the_middlewares_answers_by_their_header() -> None:
    assert f'const HEADER = "{ANSWER_HEADER.lower()}"' in SCRIPT.read_text()


def test_the_script_is_on_every_page_and_draws_no_page_of_its_own() -> None:
    assert pages.ANSWERS["destination"] == "base"
    assert "globalThis.AirflowPlugin = () => null" in SCRIPT.read_text()
