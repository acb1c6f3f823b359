"""The stand-ins for systems around the examples' models: what they know, what they take, and what they never read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from stack.settings import PROJECT
from stack.stubs import application


@pytest.fixture
def stubs() -> TestClient:
    return TestClient(application(PROJECT / "include" / "use_cases"))


@pytest.mark.parametrize(
    ("use_case", "entity"),
    [("loan-approval", "test-application-1"), ("abalone", "test-animal-2"), ("direct-marketing", "test-customer-1")],
)
def test_an_examples_entities_have_features(stubs: TestClient, use_case: str, entity: str) -> None:
    answer = stubs.get(f"/{use_case}/features/{entity}")
    assert answer.status_code == 200
    assert answer.json()["entity"] == entity
    assert len(answer.json()["features"]) >= 8


@pytest.mark.parametrize(
    "path", ["/loan-approval/features/nobody", "/nothing/features/a", "/..%2F..%2Fetc/features/passwd", "/x/features/"]
)
def test_what_is_not_known_is_not_found(stubs: TestClient, path: str) -> None:
    assert stubs.get(path).status_code == 404


def test_a_prediction_is_acknowledged_and_anything_else_refused(stubs: TestClient) -> None:
    taken = stubs.post("/loan-approval/predictions", json={"entity": "a", "prediction": 0.5})
    assert (taken.status_code, taken.json()) == (202, {"accepted": True, "entity": "a"})
    for body in (b"", b"[]", b'{"entity": "a"}', b'{"entity": "a", "prediction": "high"}'):
        assert stubs.post("/loan-approval/predictions", content=body).status_code == 422


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_file_that_is_none_is_no_fault_of_the_stubs(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "stubs.json").write_text(text)
    stubs = TestClient(application(tmp_path))
    assert stubs.get("/case/features/a").status_code == 404
    (folder / "stubs.json").write_text(json.dumps({"features": {"a": {"x": 1}}}))
    assert stubs.get("/case/features/a").json()["features"] == {"x": 1}
