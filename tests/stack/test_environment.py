"""What a user's connections for notices reach: those who run tasks, and only the connections that are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stack.credentials import make_credentials
from stack.environment import Program, environment_of, notice_connections, person_environment
from stack.settings import Settings

GIVEN = {
    "AIRFLOW_CONN_SMTP_DEFAULT": '{"conn_type": "smtp", "password": "hush-hush"}',
    "AIRFLOW_CONN_OTHER": '{"conn_type": "http", "password": "of another program"}',
    "AIRFLOW_CONN_AWS_DEFAULT": '{"conn_type": "aws", "password": "the user\'s own cloud account"}',
    "AWS_SECRET_ACCESS_KEY": "the user's own",
}


def settings(home: Path, notify: str) -> Settings:
    made = Settings.from_environment({"MODEL_GOVERNANCE_HOME": str(home), "MODEL_GOVERNANCE_NOTIFY": notify})
    make_credentials(made)
    return made


@pytest.mark.parametrize("program", sorted(set(Program) - {Program.S3, Program.SAGEMAKER, Program.STUBS}))
def test_a_named_connection_reaches_those_who_run_tasks_and_nobody_else(program: Program, tmp_path: Path) -> None:
    variables = environment_of(program, settings(tmp_path, "log,email:smtp_default"), GIVEN)
    runs_tasks = program in (Program.SCHEDULER, Program.WORKER)
    assert ("hush-hush" in "".join(variables.values())) is runs_tasks
    assert "of another program" not in "".join(variables.values())
    assert "the user's own" not in "".join(variables.values())
    assert variables["MODEL_GOVERNANCE_NOTIFY"] == "log,email:smtp_default"


@pytest.mark.parametrize("notify", ["", "log", "email:another", "email", ",:,"])
def test_a_connection_that_is_not_named_stays_outside(notify: str, tmp_path: Path) -> None:
    assert notice_connections(settings(tmp_path, notify), GIVEN) == {}


@pytest.mark.parametrize(
    "notify", ["sns:aws_default:arn:aws:sns:us-east-1:111122223333:model-governance", "email:AWS_Default"]
)
def test_the_stacks_own_connection_is_never_the_users(notify: str, tmp_path: Path) -> None:
    made = settings(tmp_path, notify)
    assert notice_connections(made, GIVEN) == {}
    assert "own cloud account" not in environment_of(Program.SCHEDULER, made, GIVEN)["AIRFLOW_CONN_AWS_DEFAULT"]


def test_one_that_is_named_and_not_set_is_left_out(tmp_path: Path) -> None:
    assert notice_connections(settings(tmp_path, "email:smtp_default"), {"AIRFLOW_CONN_SMTP_DEFAULT": ""}) == {}


def test_every_program_with_connections_knows_those_of_the_pipeline_and_no_other(tmp_path: Path) -> None:
    made = settings(tmp_path, "log")
    pipelines = {"AIRFLOW_CONN_AWS_DEFAULT", "AIRFLOW_CONN_AWS_TEST", "AIRFLOW_CONN_AWS_PRODUCTION"}
    for program in Program:
        named = {name for name in environment_of(program, made) if name.startswith("AIRFLOW_CONN_")}
        without = program in {Program.S3, Program.SAGEMAKER, Program.STUBS, Program.LOGS, Program.MIGRATE}
        assert named == (set() if without else pipelines)


def test_the_connections_of_the_environments_take_on_the_roles_of_the_settings(tmp_path: Path) -> None:
    made = settings(tmp_path, "log")
    variables = environment_of(Program.SCHEDULER, made)
    for name, role in (("TEST", made.test_role_arn), ("PRODUCTION", made.production_role_arn)):
        connection = json.loads(variables[f"AIRFLOW_CONN_AWS_{name}"])
        assert connection["extra"]["role_arn"] == role
        assert connection["extra"]["service_config"]["sts"] == {"endpoint_url": made.sagemaker_url}
        assert connection["login"] == json.loads(variables["AIRFLOW_CONN_AWS_DEFAULT"])["login"]
    assert "role_arn" not in json.loads(variables["AIRFLOW_CONN_AWS_DEFAULT"])["extra"]


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("MODEL_GOVERNANCE_OTHER_TRIGGERS", Program.TRIGGERER),
        ("SAGEMAKER_SERVER_CAPTURE_SPOOL_BYTES", Program.SAGEMAKER),
    ],
)
def test_what_the_user_says_of_one_program_reaches_that_one_alone(tmp_path: Path, name: str, whose: Program) -> None:
    made = settings(tmp_path, "log")
    reached = {program for program in Program if environment_of(program, made, {name: "1"}).get(name) == "1"}
    assert reached == {whose}


@pytest.mark.parametrize(
    ("person", "in_test", "in_production"),
    [
        ("pipeline", "deployment", "deployment"),
        ("production-approver", "reader", "operator"),
        ("policy-owner", "reader", "operator"),
        ("data-scientist", "reader", "reader"),
        ("caretaker", "caretaker", "caretaker"),
    ],
)
def test_a_person_acts_in_each_account_by_the_role_made_for_him(
    tmp_path: Path, person: str, in_test: str, in_production: str
) -> None:
    variables = person_environment(person, settings(tmp_path, "log"))
    assert variables["MODEL_GOVERNANCE_TEST_ROLE_ARN"] == f"arn:aws:iam::222233334444:role/model-governance-{in_test}"
    production = f"arn:aws:iam::333344445555:role/model-governance-{in_production}"
    assert variables["MODEL_GOVERNANCE_PRODUCTION_ROLE_ARN"] == production
