"""A real browser: Chromium, where the machine has one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.running_stack import RunningStack

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def as_person(
    running_stack: RunningStack, chromium: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], object]]:
    """Windows of Airflow's pages, one a person. A module's own: while it is open, no other event loop can run."""
    from playwright.sync_api import sync_playwright
    from tests.browser.airflow_pages import AirflowPages

    pictures = tmp_path_factory.mktemp("pictures")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=FLAGS)
        yield cache(lambda person: AirflowPages.signed_in(person, running_stack, browser, pictures))
        browser.close()


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser's program."""
    pytest.importorskip("playwright", reason="playwright is not installed: the browser tests are skipped")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("there is no chromium on the path: the browser tests are skipped")
    return Path(found)
