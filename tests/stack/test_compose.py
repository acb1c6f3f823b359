"""docker-compose.yaml against the embedded stack: the same programs, commands, settings; and the schema it must fit."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack.credentials import COMPOSE, make_credentials
from stack.environment import Program, environment_of
from stack.minio import s3_part_of
from stack.settings import PROJECT, Settings
from stack.supervision import CONFIGURATION

FILE = PROJECT / "docker-compose.yaml"
COMPANYS_OWN = re.compile(
    r"AIRFLOW__CELERY__\w+|AIRFLOW__CORE__EXECUTOR|AIRFLOW__DATABASE__SQL_ALCHEMY_CONN(?:ECT_ARGS(?:_ASYNC)?)?|SAGEMAKER_SERVER_DATABASE_URL|SAGEMAKER_SERVER_ALLOW_WIDER_THAN_LOOPBACK|MODEL_GOVERNANCE_EXECUTOR|MODEL_GOVERNANCE_PUBLISHED_ON_LOOPBACK"
)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text())["services"])


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    made = make_credentials(Settings.from_environment({"MODEL_GOVERNANCE_HOME": str(tmp_path)}))
    return made.folder


def supervised_commands() -> dict[str, str]:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    parser.read(CONFIGURATION)
    return {s.removeprefix("program:"): parser[s]["command"] for s in parser.sections() if s.startswith("program:")}


def resolved(value: str, variables: dict[str, str]) -> str:
    return re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", lambda m: variables.get(m[1]) or m[2] or "", value)


def company_settings(service: dict[str, Any], secrets: Path, variables: dict[str, str] | None = None) -> Settings:
    written = {name: resolved(str(value), variables or {}) for name, value in service["environment"].items()}
    return Settings.from_environment({**written, "MODEL_GOVERNANCE_SECRETS": str(secrets)})


def without_places(variables: dict[str, str], settings: Settings) -> dict[str, str]:
    """Addresses and folders replaced by what they are the address or folder of."""
    places = {
        str(settings.secrets): "<secrets>",
        str(settings.home): "<home>",
        settings.airflow_url: "<airflow>",
        settings.public_url: "<airflow>",
        settings.sagemaker_url: "<sagemaker>",
        settings.s3_url: "<s3>",
        settings.stubs_url: "<stubs>",
    }
    replaced = {}
    for name, value in variables.items():
        text = "<host>" if name.endswith("_HOST") else value
        for place, name_of_place in places.items():
            text = text.replace(place, name_of_place)
        replaced[name] = text
    return replaced


def test_the_file_fits_the_compose_schema() -> None:
    tool = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [tool, "--builtin-schema", "vendor.compose-spec", FILE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_dockers_own_reading_finds_no_fault(tmp_path: Path, secrets: Path) -> None:
    compose = ["docker", "compose", "--env-file", str(secrets / COMPOSE), "--file", str(FILE), "config", "--quiet"]
    asked = ["docker", "compose", "version"]
    if not shutil.which("docker") or subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("there is no docker compose on this machine")
    done = subprocess.run(compose, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", sorted(set(supervised_commands()) - {"s3"}))
def test_a_programs_command_is_the_embedded_stacks(services: dict[str, Any], program: str) -> None:
    assert services[program]["command"] == supervised_commands()[program]


@pytest.mark.parametrize("program", sorted(set(Program) - {Program.S3, Program.WORKER, Program.MIGRATE}))
def test_a_programs_variables_are_the_embedded_stacks_but_for_addresses_and_executor(
    services: dict[str, Any], secrets: Path, program: Program, tmp_path: Path
) -> None:
    ours = Settings.from_environment(
        {"MODEL_GOVERNANCE_HOME": str(tmp_path / "home"), "MODEL_GOVERNANCE_SECRETS": str(secrets)}
    )
    theirs = company_settings(services[program], secrets)
    embedded = without_places(environment_of(program, ours), ours)
    company = without_places(environment_of(program, theirs), theirs)
    different = {name for name in embedded.keys() | company.keys() if embedded.get(name) != company.get(name)}
    assert {name for name in different if not COMPANYS_OWN.fullmatch(name)} == set()


@pytest.mark.parametrize("program", sorted(set(Program) - {Program.S3}))
def test_the_secrets_given_to_a_service_are_enough_to_start_it(
    services: dict[str, Any], secrets: Path, program: Program, tmp_path: Path
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    for name in services[program]["secrets"]:
        shutil.copy(secrets / name, given / name)
    variables = environment_of(program, company_settings(services[program], given))
    named = {Path(value) for value in variables.values() if value.startswith(f"{given}{os.sep}")}
    assert variables["MODEL_GOVERNANCE_HOME"] == "/var/lib/model-governance"
    assert {file for file in named if not file.is_file()} == set()


def test_the_key_that_decides_and_the_ledgers_key_go_where_they_must_and_nowhere_else(services: dict[str, Any]) -> None:
    def given(secret: str) -> set[str]:
        return {name for name, service in services.items() if secret in service.get("secrets", [])}

    assert given("principal-decision-service.json") == {"airflow-api-server", "airflow-triggerer"}
    for private in ("ledger-key.pem", "decisions-key.pem", "oversight-key.pem", "operations-key.pem"):
        assert given(private) == {"sagemaker"}
    assert given("decisions-key.pem") == given("oversight-key.pem") == {"sagemaker"}
    assert given("principals.json") == {"sagemaker", "s3-init"}


def test_every_secret_named_is_one_that_is_made(secrets: Path) -> None:
    named = yaml.safe_load(FILE.read_text())["secrets"]
    assert [name for name, entry in named.items() if not (secrets / Path(entry["file"]).name).is_file()] == []


def test_no_password_is_written_in_the_file(secrets: Path) -> None:
    needed = set(re.findall(r"\$\{(\w*PASSWORD)\b", FILE.read_text()))
    made = {line.partition("=")[0] for line in (secrets / COMPOSE).read_text().splitlines()}
    literal = re.findall(r"PASSWORD: (?!\$\{)\S+", FILE.read_text())
    assert needed <= made
    assert literal == []


def test_every_port_is_published_on_loopback_only(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_every_service_that_stays_says_whether_it_is_healthy(services: dict[str, Any]) -> None:
    staying = {name for name, service in services.items() if service.get("restart") != "no"}
    assert {name for name in staying if "healthcheck" not in services[name]} == set()


@pytest.mark.parametrize("principal", sorted(file.stem for file in (PROJECT / "include/policies/iam").glob("*.json")))
def test_a_principals_document_reaches_the_company_store_with_what_it_says_of_s3(principal: str) -> None:
    document = json.loads((PROJECT / f"include/policies/iam/{principal}.json").read_text())
    policy = s3_part_of(document)
    actions = {action for statement in policy["Statement"] for action in statement["Action"]}
    written = json.dumps(policy)
    assert actions
    assert all(action.startswith("s3:") for action in actions)
    assert "if-none-match" not in written
    assert '"Resource": "*"' not in written
