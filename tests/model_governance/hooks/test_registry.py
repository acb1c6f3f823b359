"""Registry, cards, lineage, changes and approval records against the real server."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from model_governance.domain.canonical import sha256_hex
from model_governance.errors import AccessRefused, RecordMissing
from model_governance.hooks.card_tags import comment_from, comment_tags, rejection_tag
from model_governance.hooks.installation import Installation
from model_governance.hooks.model_cards import CardStatus
from model_governance.hooks.model_registry import ApprovalStatus, ModelPackage, StageStatus
from stack.settings import Settings as StackSettings

NAMES = (f"registry-test-{number}" for number in itertools.count())
CONTENT = {"model_overview": {"model_description": "first"}}
VERSION_CONTENT = {"model_overview": {"model_creator": "data-scientist"}}


@pytest.fixture
def pipeline(installation_of: Callable[[str], Installation]) -> Installation:
    return installation_of("pipeline")


@pytest.fixture
def group(pipeline: Installation) -> str:
    name = next(NAMES)
    pipeline.registry.ensure_group(name, "tests", {"model-governance:approved-card": "x"})
    return name


def run_key(group: str, run: int = 1) -> str:
    return sha256_hex(f"{group}/{run}".encode())[:12]


def register(pipeline: Installation, group: str, run: int = 1) -> ModelPackage:
    report = {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://model-governance/report.json"}}
    return pipeline.registry.register_candidate(
        group,
        run_key(group, run),
        card=VERSION_CONTENT,
        metadata={"run_id": "manual__1"},
        metrics={"ModelQuality": report},
        baselines={"ModelQuality": report},
        description="a test",
        source_uri="http://127.0.0.1:8080/dags/x",
    )


def test_a_run_registers_one_candidate_however_often_it_tries(pipeline: Installation, group: str) -> None:
    first = register(pipeline, group)
    assert register(pipeline, group).arn == first.arn
    assert (first.version, first.registration_type, first.card_status) == (1, "Logged", "Draft")
    assert dict(first.metadata) == {"run_id": "manual__1", "run_key": run_key(group)}
    second = register(pipeline, group, 2)
    assert second.version == 2
    assert [each.version for each in pipeline.registry.versions(group)] == [2, 1]


def test_a_candidate_is_found_by_its_run(pipeline: Installation, group: str) -> None:
    arn = register(pipeline, group).arn
    found = pipeline.registry.find_candidate(group, run_key(group))
    assert found is not None
    assert found.arn == arn
    assert pipeline.registry.find_candidate(group, "no-such-run") is None
    assert pipeline.registry.find_candidate("no-such-group", run_key(group)) is None


def test_a_group_is_made_once(pipeline: Installation, group: str) -> None:
    pipeline.registry.ensure_group(group, "again", {"model-governance:approved-card": "x"})
    assert pipeline.registry.group_exists(group)
    assert not pipeline.registry.group_exists("no-such-group")


def test_a_group_without_an_approved_card_is_refused(pipeline: Installation) -> None:
    with pytest.raises(AccessRefused, match="pipeline"):
        pipeline.registry.ensure_group(next(NAMES), "tests", {})


def test_each_update_leaves_the_rest_as_it_was(pipeline: Installation, group: str) -> None:
    arn = register(pipeline, group).arn
    container = {"Image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/x:1", "ModelDataUrl": "s3://b/model.tar.gz"}
    specification = {"Containers": [container], "SupportedContentTypes": ["text/csv"]}
    registry = pipeline.registry
    registry.attach_model(arn, {**specification, "SupportedResponseMIMETypes": ["text/csv"]}, {"model_sha256": "abc"})
    registry.set_registered(arn)
    registry.set_approval(arn, ApprovalStatus.PENDING, "two\nlines " + "x" * 2000)
    registry.set_life_cycle(arn, "Production", StageStatus.PENDING, "soon")
    registry.set_card(arn, {"model_overview": {"model_creator": "another"}})
    registry.update_metadata(arn, {"more": "1"})
    found = registry.describe(arn)
    assert found.registration_type == "Registered"
    assert found.approval_status == "PendingManualApproval"
    assert found.approval_description.startswith("two lines xxx")
    assert len(found.approval_description) == 1024
    assert (found.stage, found.stage_status, found.stage_description) == ("Production", "PendingApproval", "soon")
    assert found.card == {"model_overview": {"model_creator": "another"}}
    assert found.card_status == "Draft"
    assert (found.model_data_url, found.image) == ("s3://b/model.tar.gz", container["Image"])
    assert dict(found.metadata) == {
        "run_id": "manual__1",
        "run_key": run_key(group),
        "model_sha256": "abc",
        "more": "1",
    }
    assert found.metrics["ModelQuality"]["Statistics"]["S3Uri"] == "s3://model-governance/report.json"


def test_what_is_not_there_is_missing(pipeline: Installation) -> None:
    with pytest.raises(RecordMissing):
        pipeline.registry.describe("arn:aws:sagemaker:us-east-1:111122223333:model-package/none/1")
    with pytest.raises(RecordMissing):
        pipeline.cards.describe("no-such-card")
    with pytest.raises(RecordMissing):
        pipeline.endpoints.describe("no-such-endpoint")
    assert pipeline.cards.find("no-such-card") is None
    assert pipeline.endpoints.find("no-such-endpoint") is None
    assert not pipeline.endpoints.configs.delete_model("no-such-model")


def test_a_card_is_edited_only_where_it_says_something_else(pipeline: Installation) -> None:
    name = next(NAMES)
    first = pipeline.cards.ensure(name, CONTENT)
    assert pipeline.cards.ensure(name, CONTENT) == first
    assert first.status == CardStatus.DRAFT
    pipeline.cards.set_status(name, CardStatus.PENDING)
    edited = pipeline.cards.ensure(name, {"model_overview": {"model_description": "second"}})
    assert (edited.version, edited.status) == (first.version + 1, "PendingReview")


def test_a_rejection_stands_on_the_card_until_it_is_taken_away(pipeline: Installation) -> None:
    card = pipeline.cards.ensure(next(NAMES), CONTENT)
    assert pipeline.cards.rejection(card.arn) == ""
    pipeline.cards.set_rejection(card.arn, "not now; 20 % (see §3), é " + "x" * 300)
    assert pipeline.cards.rejection(card.arn).startswith("not now 20 see 3 é xxx")
    pipeline.cards.set_rejection(card.arn, "")
    assert pipeline.cards.rejection(card.arn) == ""


@pytest.mark.parametrize(
    "comment", ["", "plain", '20 %, (é) = "ü" 日本 \' &', "long, " * 200, "x" * 254 + " y", "a=b="]
)
def test_a_comment_is_read_from_its_tags_as_it_was_written(comment: str) -> None:
    tags = comment_tags(comment)
    assert comment_from(tags) == " ".join(comment.split())
    assert all(len(value) <= 256 and value == value.rstrip() for value in tags.values())


def test_a_rejection_fits_a_tag() -> None:
    assert rejection_tag("  a,\n b  ") == {"model-governance:rejection": "a b"}


def test_lineage_is_made_once(pipeline: Installation, group: str) -> None:
    lineage = pipeline.lineage
    data = lineage.artifact(f"{group}-data", "DataSet", f"s3://b/{group}.csv", {"sha256": "x"})
    assert lineage.artifact(f"{group}-data", "DataSet", f"s3://b/{group}.csv") == data
    action = lineage.action(f"{group}-training", "Training", f"s3://b/{group}", properties={"a": "1"})
    assert lineage.action(f"{group}-training", "Training", f"s3://b/{group}", properties={"a": "2"}) == action
    described = lineage.client.describe_action(ActionName=f"{group}-training")
    assert described["Properties"] == {"a": "2"}
    context = lineage.context(f"{group}-use-case", "UseCase", f"s3://b/{group}")
    assert lineage.context(f"{group}-use-case", "UseCase", f"s3://b/{group}") == context
    for _ in range(2):
        lineage.associate(data, action, "ContributedTo")
    found = lineage.client.list_associations(SourceArn=data)["AssociationSummaries"]
    assert [each["DestinationArn"] for each in found] == [action]


def test_each_change_is_told_once(pipeline: Installation, group: str) -> None:
    changes = pipeline.changes()
    changes.poll()
    arn = register(pipeline, group).arn
    card = pipeline.cards.ensure(group, CONTENT)
    assert {change.subject for change in changes.poll()} == {arn, card.arn}
    assert changes.poll() == ()
    pipeline.registry.set_approval(arn, ApprovalStatus.PENDING, "soon")
    told = changes.poll()
    assert [(change.subject, change.statuses[0]) for change in told] == [(arn, "PendingManualApproval")]
    assert changes.poll() == ()


def test_a_look_out_from_before_tells_what_was_missed(pipeline: Installation, group: str) -> None:
    arn = register(pipeline, group).arn
    changes = pipeline.changes()
    changes.since = datetime.now(UTC) - timedelta(hours=1)
    assert arn in {change.subject for change in changes.poll()}


def test_the_trail_names_who_set_a_status_and_with_which_words(
    pipeline: Installation, installation_of: Callable[[str], Installation], group: str
) -> None:
    arn = register(pipeline, group).arn
    pipeline.registry.set_approval(arn, ApprovalStatus.PENDING, "please")
    officer = installation_of("governance-officer")
    officer.registry.set_approval(arn, ApprovalStatus.APPROVED, "yes, 100 %")
    with pytest.raises(AccessRefused):
        installation_of("data-scientist").registry.set_approval(arn, ApprovalStatus.APPROVED, "me too")
    pipeline.registry.update_metadata(arn, {"a": "b"})
    newest, before = pipeline.approvals.of_approval_status(arn)
    assert (newest.status, newest.description) == ("Approved", "yes, 100 %")
    assert newest.principal.endswith(":user/governance-officer")
    assert (before.status, before.principal.rsplit("/")[-1]) == ("PendingManualApproval", "pipeline")
    assert not newest.is_from_command_line
    assert newest.event_id != before.event_id
    assert pipeline.approvals.of_life_cycle(arn, "Production") == ()


def test_a_comment_of_somebody_else_is_not_taken_for_the_approvers(
    pipeline: Installation, installation_of: Callable[[str], Installation]
) -> None:
    card = pipeline.cards.ensure(next(NAMES), CONTENT)
    pipeline.cards.set_status(card.name, CardStatus.PENDING)
    pipeline.cards.set_comment(card.arn, "not mine")
    installation_of("business-approver").cards.set_status(card.name, CardStatus.APPROVED)
    newest = pipeline.approvals.of_card_status(card.arn)[0]
    assert (newest.status, newest.description) == ("Approved", "")


def test_an_installation_without_its_public_key_says_which_setting_is_missing() -> None:
    from model_governance.hooks.settings import Settings

    installation = Installation.load(settings=Settings.from_environment({}))
    with pytest.raises(RecordMissing, match="MODEL_GOVERNANCE_LEDGER_PUBLIC_KEY"):
        installation.ledger("x").entries()


def test_an_installation_whose_two_keys_are_one_is_refused(stack_settings: StackSettings) -> None:
    from model_governance.hooks.settings import Settings

    file = str(stack_settings.secrets / "ledger-public-key.pem")
    given = {f"MODEL_GOVERNANCE_{name}_PUBLIC_KEY": file for name in ("LEDGER", "DECISIONS", "OVERSIGHT")}
    installation = Installation.load(settings=Settings.from_environment(given))
    with pytest.raises(AccessRefused, match="hold the same key"):
        installation.ledger("x").entries()
