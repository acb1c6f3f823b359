"""One stack for all lifecycles, with a use case for each way that one can end, all of them started together."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.lifecycle.following import ANSWER, Lifecycle
from tests.public_data import PUBLIC_DATA, public_data
from tests.running_stack import RunningStack, running_stack_with

EXAMPLE = Path(__file__).parents[2] / "include" / "use_cases" / "loan-approval"
POLICIES = EXAMPLE.parents[1] / "policies"
SECOND_READERS = ("model-owner", "production-approver")  # of the first approver's group, and of another
LOW_RISK = {
    "exposure": "internal",
    "automated_decisions": False,
    "affects_people": False,
    "data_sensitivity": "internal",
}
SOURCE = ("landing", "loan-approval/loanapp.csv")
BROKEN_SOURCE = ("landing", "loan-approval/broken.csv")

Folders = dict[str, dict[str, Any]]

APPROVED = "approved-loans"
UNWANTED = "unwanted-use-case"
REJECTED = "rejected-version"
HELD_BACK = "held-back-version"
BROKEN_DATA = "broken-data"
BIASED = "biased-model"
BROKEN_FOLDER = "broken-folder"
WATCHED = "watched-loans"
WATCH: dict[str, Any] = {
    "schedule": "*/5 * * * *",
    "window_minutes": 5,
    "monitors": ["data_quality"],
    "severities": {"data_quality": "high", "drift": "high"},
    "retrain": True,
}
"""Windows as short as they can be, and every drift grave."""
FORGETFUL_SOURCE = "forgetful-source"
"""Its feature source knows nobody: a stand-in without its file."""

CANARY = "canary-loans"
TWO_APPROVALS = {
    "task-instance mark": "two-by-mark",
    "command line": "two-by-command",
    "registry": "two-by-registry",
    "web": "two-by-web",
}
"""Use cases of low risk, at whose first gate this stack's policy wants two people of two groups, by first channel."""

REMINDED_AFTER_SECONDS = 20


def write_use_case(folder: Path, name: str, **changes: Any) -> None:
    """The example's folder under another name, its declaration changed."""
    shutil.copytree(EXAMPLE, folder / name)
    file = folder / name / "use_case.yaml"
    declared = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**declared, "name": name, "schedule": None, "retrain_on": [], **changes}))


def limits(**of_metric: float) -> list[dict[str, Any]]:
    """The example's limits with other minima."""
    declared = yaml.safe_load((EXAMPLE / "use_case.yaml").read_text())["limits"]
    return [{**limit, "minimum": of_metric.get(limit["metric"], limit.get("minimum"))} for limit in declared]


def publish_data(stack: RunningStack) -> bytes:
    """Puts the example's data set where its lifecycles take it from; returns its bytes."""
    script = [sys.executable, str(EXAMPLE / "data.py")]
    data = subprocess.run(script, capture_output=True, check=True, timeout=120).stdout
    stack.client("data-scientist", "s3").put_object(Bucket=SOURCE[0], Key=SOURCE[1], Body=data)
    return data


@pytest.fixture(scope="session")
def use_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("use_cases")
    for name in (APPROVED, UNWANTED, REJECTED, HELD_BACK, BROKEN_DATA, FORGETFUL_SOURCE):
        write_use_case(folder, name)
    (folder / FORGETFUL_SOURCE / "stubs.json").unlink()
    write_use_case(folder, WATCHED, monitoring=WATCH)
    write_use_case(folder, BIASED, limits=limits(disparate_impact=0.97))
    write_use_case(folder, BROKEN_FOLDER, owner=7)
    declared = yaml.safe_load((EXAMPLE / "use_case.yaml").read_text()).get("deployment", {})
    rollout = {"canary_percent_steps": [20], "minutes_between": 0.05, "latency_budget_ms": 30_000}
    write_use_case(folder, CANARY, deployment={**declared, "rollout": rollout})
    for name in TWO_APPROVALS.values():
        write_use_case(folder, name, owner="policy-owner", approvers={}, risk=LOW_RISK)
    for name in PUBLIC_DATA:
        shutil.copytree(EXAMPLE.parent / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped policy, but a use case of low risk takes two approvals, which two more people may give.

    Its first gate reminds after so few seconds that a test can wait for it.
    """
    folder = tmp_path_factory.mktemp("installation") / "policies"
    shutil.copytree(POLICIES, folder)
    policy = yaml.safe_load((folder / "policy.yaml").read_text())
    rule = {**policy["gates"]["Low"]["use_case"], "approvals": 2, "roles": ["use_case_approver", "second_reader"]}
    policy["gates"]["Low"]["use_case"] = rule
    for gates in policy["gates"].values():
        gates["use_case"] = {**gates["use_case"], "remind_after_hours": REMINDED_AFTER_SECONDS / 3600}
    (folder / "policy.yaml").write_text(yaml.safe_dump(policy))
    people = yaml.safe_load((folder / "people.yaml").read_text())
    for person in people["people"]:
        if person["id"] in SECOND_READERS:
            person["roles"] = [*person.get("roles", ()), "second_reader"]
    (folder / "people.yaml").write_text(yaml.safe_dump(people))
    approver = json.loads((folder / "iam" / "business-approver.json").read_text())["Statement"]
    for person in SECOND_READERS:
        file = folder / "iam" / f"{person}.json"
        said = json.loads(file.read_text())
        added = [each for each in approver if each["Sid"] != "ReadEverything"]
        file.write_text(json.dumps({**said, "Statement": [*said["Statement"], *added]}))
    return folder


@pytest.fixture(scope="session")
def stack(use_cases: Path, policies: Path) -> Iterator[RunningStack]:
    changes = {
        "MODEL_GOVERNANCE_USE_CASES": str(use_cases),
        "MODEL_GOVERNANCE_POLICIES": str(policies),
        "MODEL_GOVERNANCE_DATA_SOURCES": ";".join(f"{name}={file}" for name, file in public_data().items()),
    }
    with running_stack_with(**changes) as running:
        yield running


@pytest.fixture(scope="session")
def lifecycles(stack: RunningStack) -> dict[str, Lifecycle]:
    """A lifecycle of each use case, on published data, waiting at its first gate or on its way to it."""
    data = publish_data(stack)
    store = stack.client("data-scientist", "s3")
    store.put_object(Bucket=BROKEN_SOURCE[0], Key=BROKEN_SOURCE[1], Body=_broken(data))
    ways = (APPROVED, UNWANTED, REJECTED, HELD_BACK, BIASED, BROKEN_DATA, FORGETFUL_SOURCE)
    started = {name: Lifecycle(stack, name) for name in ways}
    for name, lifecycle in started.items():
        lifecycle.start(**({"data_source": "s3://" + "/".join(BROKEN_SOURCE)} if name == BROKEN_DATA else {}))
    return started


@pytest.fixture(scope="session")
def approved_use_cases(lifecycles: dict[str, Lifecycle]) -> dict[str, Lifecycle]:
    """The lifecycles of the use cases that somebody wants, past their first gate."""
    wanted = {name: lifecycle for name, lifecycle in lifecycles.items() if name not in (UNWANTED, APPROVED)}
    for lifecycle in wanted.values():
        lifecycle.wait_for("use_case_approval.wait", "deferred")
        answer = lifecycle.mark("business-approver", "use_case_approval.wait", "success", "wanted")
        assert answer.status_code == 200, answer.text
    return wanted


@pytest.fixture(scope="session")
def held_back(approved_use_cases: dict[str, Lifecycle]) -> Lifecycle:
    """A lifecycle that waits for its decision on production."""
    lifecycle = approved_use_cases[HELD_BACK]
    lifecycle.wait_for("governance_approval.wait", "deferred")
    approved = lifecycle.mark("governance-officer", "governance_approval.wait", "success", ANSWER)
    assert approved.status_code == 200, approved.text
    lifecycle.wait_for("production_approval.wait", "deferred")
    return lifecycle


def _broken(data: bytes) -> bytes:
    """The data set with labels that mean nothing and a facet that is missing in most rows."""
    header, *rows = data.decode().splitlines()
    columns = header.split(",")
    label, facet = columns.index("approve"), columns.index("white")
    broken = [row.split(",") for row in rows]
    for row in broken[:100]:
        row[label] = "2"
    for row in broken[: len(broken) // 2]:
        row[facet] = ""
    return "\n".join([header, *(",".join(row) for row in broken)]).encode() + b"\n"
