"""Keys and passwords: made once, for their owner alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stack.credentials import (
    DECISIONS_KEY,
    DECISIONS_PUBLIC_KEY,
    LEDGER_KEY,
    LEDGER_PUBLIC_KEY,
    OVERSIGHT_KEY,
    PASSWORDS,
    PRINCIPALS,
    airflow_users,
    make_credentials,
)
from stack.environment import MARK, Program, environment_of, machine_environment, person_environment
from stack.errors import StackError
from stack.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings.from_environment({"MODEL_GOVERNANCE_HOME": str(tmp_path / "home")})
    make_credentials(found)
    return found


def test_only_the_owner_may_read_them(settings: Settings) -> None:
    assert settings.secrets.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in settings.secrets.iterdir()} == {0o600}


def test_making_them_again_changes_nothing(settings: Settings) -> None:
    before = {file.name: file.read_bytes() for file in settings.secrets.iterdir()}
    make_credentials(settings)
    assert {file.name: file.read_bytes() for file in settings.secrets.iterdir()} == before


def test_a_person_who_joins_gets_a_password_and_a_key_and_the_others_keep_theirs(
    settings: Settings, tmp_path: Path
) -> None:
    policies = tmp_path / "policies"
    (policies / "iam").mkdir(parents=True)
    (policies / "people.yaml").write_text("people: [{airflow_user: auditor}, {airflow_user: admin}]")
    (policies / "iam" / "auditor.json").write_text("{}")
    changed = Settings.from_environment({**settings.exported, "MODEL_GOVERNANCE_POLICIES": str(policies)})
    before = json.loads((settings.secrets / PRINCIPALS).read_text())["principals"]
    credentials = make_credentials(changed)
    after = json.loads((settings.secrets / PRINCIPALS).read_text())["principals"]
    assert credentials.password("auditor")
    assert credentials.key("auditor").access_key_id == after["auditor"]["access_key_id"]
    assert before.items() <= after.items()
    assert airflow_users(changed) == {"auditor": "user", "admin": "admin"}


def test_a_user_that_is_not_there_is_named_with_those_that_are(settings: Settings) -> None:
    with pytest.raises(StackError, match=r"no user nobody: there are .*admin"):
        make_credentials(settings).password("nobody")


def test_people_that_are_not_understood_are_named_by_their_file(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text("people: [{id: x}]")
    changed = Settings.from_environment({**settings.exported, "MODEL_GOVERNANCE_POLICIES": str(tmp_path)})
    with pytest.raises(StackError, match=r"people\.yaml is not understood"):
        airflow_users(changed)


def test_airflows_connections_hold_no_key_but_the_pipelines(settings: Settings) -> None:
    principals = json.loads((settings.secrets / PRINCIPALS).read_text())["principals"]
    for program in set(Program) - {Program.S3, Program.SAGEMAKER, Program.STUBS}:
        connections = "".join(
            value for name, value in environment_of(program, settings).items() if name.startswith("AIRFLOW_CONN")
        )
        for name, key in principals.items():
            assert (key["secret_access_key"] in connections) == (name == "pipeline" and connections != "")


@pytest.mark.parametrize("program", sorted(Program))
def test_a_program_is_told_of_no_secret_that_is_not_its_own(settings: Settings, program: Program) -> None:
    text = json.dumps(environment_of(program, settings))
    assert (LEDGER_KEY in text) == (program is Program.SAGEMAKER)
    assert (DECISIONS_KEY in text) == (OVERSIGHT_KEY in text) == (program is Program.SAGEMAKER)
    decides = make_credentials(settings).key("decision-service").secret_access_key in text
    assert decides == (program in {Program.API_SERVER, Program.TRIGGERER})
    assert (PRINCIPALS in text) == (program in {Program.SAGEMAKER, Program.S3})
    assert json.loads((settings.secrets / PASSWORDS).read_text())["admin"] not in text
    if program in {Program.SAGEMAKER, Program.S3, Program.STUBS}:
        assert settings.database_url not in text


def test_airflows_signing_keys_go_where_they_are_used(settings: Settings) -> None:
    holders = {
        name: {program for program in Program if name in environment_of(program, settings)}
        for name in ("AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__CORE__FERNET_KEY")
    }
    database = {program for program in Program if settings.database_url in environment_of(program, settings).values()}
    assert holders["AIRFLOW__API_AUTH__JWT_SECRET"] == {Program.API_SERVER, Program.SCHEDULER}
    assert holders["AIRFLOW__API__SECRET_KEY"] == {Program.API_SERVER, Program.LOGS}
    assert holders["AIRFLOW__CORE__FERNET_KEY"] == database
    assert Program.WORKER not in database


def test_nothing_of_the_users_own_cloud_account_gets_through() -> None:
    given = {"PATH": "/bin", "HOME": "/h", "AWS_PROFILE": "mine", "AWS_SECRET_ACCESS_KEY": "s", "AIRFLOW_HOME": "/a"}
    kept = machine_environment(given)
    assert set(kept) == {"PATH", "HOME", "SPT_NOENV"}


def test_usage_collection_is_off_for_every_part_of_airflow(settings: Settings) -> None:
    assert environment_of(Program.WORKER, settings)["GX_ANALYTICS_ENABLED"] == "false"


def test_a_task_whose_worker_was_killed_before_it_reported_is_not_left_queued_for_ten_minutes(
    settings: Settings,
) -> None:
    variables = environment_of(Program.SCHEDULER, settings)
    for name in ("TASK_QUEUED_TIMEOUT", "TASK_QUEUED_TIMEOUT_CHECK_INTERVAL", "TASK_INSTANCE_HEARTBEAT_TIMEOUT"):
        assert float(variables[f"AIRFLOW__SCHEDULER__{name}"]) <= 120


def test_a_person_gets_his_own_key_and_the_public_key(settings: Settings) -> None:
    variables = person_environment("governance-officer", settings)
    assert variables["MODEL_GOVERNANCE_LEDGER_PUBLIC_KEY"].endswith(LEDGER_PUBLIC_KEY)
    assert variables["MODEL_GOVERNANCE_DECISIONS_PUBLIC_KEY"].endswith(DECISIONS_PUBLIC_KEY)
    assert variables["AWS_ACCESS_KEY_ID"] == make_credentials(settings).key("governance-officer").access_key_id
    assert MARK not in variables
