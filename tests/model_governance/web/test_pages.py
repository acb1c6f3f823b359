"""What Airflow's pages are given is there where they ask for it, and knows the middleware's answers by their header."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from model_governance.web import pages
from model_governance.web.answers import ANSWER_HEADER

SCRIPT = Path(pages.__file__).parent / "page" / "answers.js"


def test_the_script_is_served_where_airflow_loads_it_from() -> None:
    prefix = pages.FILES["url_prefix"]
    mounted = Starlette(routes=[Mount(prefix, pages.FILES["app"])])

    async def get(path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(mounted), base_url="http://airflow") as client:
            return await client.get(path)

    answer = asyncio.run(get(f"/{pages.ANSWERS['bundle_url']}"))
    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]
    assert answer.content == SCRIPT.read_bytes()
    assert asyncio.run(get(f"{prefix}/page/%2e%2e/marks.py")).status_code == 404
    assert asyncio.run(get(f"{prefix}/")).status_code == 404


def test_the_script_knows_the_middlewares_answers_by_their_header() -> None:
    assert f'const HEADER = "{ANSWER_HEADER.lower()}"' in SCRIPT.read_text()


def test_the_script_is_on_every_page_and_draws_no_page_of_its_own() -> None:
    assert pages.ANSWERS["destination"] == "base"
    assert "globalThis.AirflowPlugin = () => null" in SCRIPT.read_text()
