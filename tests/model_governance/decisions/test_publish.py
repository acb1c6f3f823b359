"""A chain cut off at its end is found out by what was published of it: in cards, in lineage, in the witness file."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from model_governance.decisions.decide import decide
from model_governance.decisions.publish import (
    head_on_card,
    publish_head,
    publish_what_was_left,
    published_heads,
    witnessed_heads,
)
from model_governance.domain.decision import Channel, DecisionVerdict, Gate
from model_governance.domain.head import PublishedHead, refuse_cut_off
from model_governance.domain.ledger import EntryKind
from model_governance.domain.model_card import decided_digest
from model_governance.errors import AccessRefused, LedgerBroken, ServiceUnavailable
from model_governance.hooks.aws import calling
from model_governance.hooks.installation import Installation
from model_governance.stages import watch

if TYPE_CHECKING:
    from conftest import Case


def test_a_decisions_head_is_in_three_places(case: Case) -> None:
    arn = case.governed()
    before = decided_digest(dict(case.package(arn).card))
    case.decide(Gate.GOVERNANCE, arn)
    (entry,) = [each for each in case.entries(EntryKind.DECISION) if each.subject == arn]
    sightings = [each for each in published_heads(case.pipeline, case.name) if each.head == PublishedHead.of(entry)]
    assert {re.sub(r"[/:].*|\d.*", "", each.place) for each in sightings} == {
        "the witness ",
        f"the lineage action {re.sub(r'[0-9].*', '', case.name)}",
        "the card of arn",
    }
    assert decided_digest(dict(case.package(arn).card)) == before
    assert case.open(Gate.GOVERNANCE).subject == arn


def test_a_use_cases_own_decision_is_published_too(case: Case) -> None:
    case.approve_use_case()
    (entry,) = case.entries(EntryKind.DECISION)
    assert {each.head for each in published_heads(case.pipeline, case.name)} == {PublishedHead.of(entry)}


def test_publishing_again_adds_nothing(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    before = published_heads(case.pipeline, case.name)
    for entry in case.entries(EntryKind.DECISION):
        publish_head(case.decisions, entry)
    assert published_heads(case.pipeline, case.name) == before


@pytest.mark.parametrize("left", [0, 3, -1])
def test_a_chain_cut_off_at_its_end_is_refused_and_the_witnesses_are_named(case: Case, left: int) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    entries = case.principal("pipeline").ledger(case.name).verify()
    sightings = published_heads(case.pipeline, case.name)
    refuse_cut_off(case.name, entries, sightings)
    cut = entries[:left]
    with pytest.raises(
        LedgerBroken, match=f"entry {len(cut) + 1}: cut off: .*witness.*lineage action.*card of"
    ) as told:
        refuse_cut_off(case.name, cut, sightings)
    assert f"knows entry {len(entries)}" in str(told.value)


def test_a_chain_that_was_written_anew_is_refused(case: Case) -> None:
    case.approve_use_case()
    entries = case.principal("pipeline").ledger(case.name).verify()
    other = entries[-1].model_copy(update={"body": {}})
    with pytest.raises(LedgerBroken, match=f"entry {other.sequence}: the chain was rewritten"):
        refuse_cut_off(case.name, (*entries[:-1], other), published_heads(case.pipeline, case.name))


def test_no_gate_opens_on_a_chain_that_the_witness_knows_to_be_longer(case: Case) -> None:
    arn = case.governed()
    case.decide(Gate.GOVERNANCE, arn)
    witness = case.pipeline.witness
    assert witness is not None
    head = PublishedHead(sequence=99, digest="0" * 64)
    witness.tell(f"s3://model-governance/ledger/{case.name}/", head, case.pipeline.now())
    with pytest.raises(LedgerBroken, match=r"cut off: .*heads\.jsonl \(line \d+\) knows entry 99"):
        case.open(Gate.GOVERNANCE)


def test_the_witness_of_another_bucket_or_use_case_says_nothing_here(case: Case) -> None:
    witness = case.pipeline.witness
    assert witness is not None
    head = PublishedHead(sequence=99, digest="0" * 64)
    for ledger in (f"s3://another/ledger/{case.name}/", f"s3://model-governance/ledger/{case.name}-2/"):
        witness.tell(ledger, head, case.pipeline.now())
    assert witnessed_heads(case.pipeline, case.name) == ()


def decided_but_unpublished(case: Case, monkeypatch: pytest.MonkeyPatch) -> str:
    """A version whose decider was killed between the ledger's entry and its publication; its ARN."""
    arn = case.governed()
    with monkeypatch.context() as patch:
        patch.setattr("model_governance.decisions.decide.publish_head", lambda *_, **__: None)
        case.decide(Gate.GOVERNANCE, arn)
    return arn


def test_a_head_published_by_nobody_but_a_crashed_decision_is_published_by_who_looks_next(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = decided_but_unpublished(case, monkeypatch)
    assert head_on_card(case.package(arn)) is None
    case.adjudicate(Gate.GOVERNANCE, arn)
    told = head_on_card(case.package(arn))
    assert told is not None
    assert told.head == PublishedHead.of(case.entries(EntryKind.DECISION)[-1])


def test_a_head_that_a_kill_left_unpublished_is_published_once_by_the_watch(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided_but_unpublished(case, monkeypatch)
    newest = PublishedHead.of(case.entries(EntryKind.DECISION)[-1])
    assert newest not in {each.head for each in published_heads(case.pipeline, case.name)}
    publish_what_was_left(case.pipeline, case.name)
    after = published_heads(case.pipeline, case.name)
    assert [each.place.split()[1] for each in after if each.head == newest] == ["witness", "lineage"]
    publish_what_was_left(case.pipeline, case.name)
    assert published_heads(case.pipeline, case.name) == after


def test_the_watch_publishes_nothing_of_a_chain_that_was_cut_off_and_says_so(case: Case) -> None:
    case.approve_use_case()
    witness = case.pipeline.witness
    assert witness is not None
    head = PublishedHead(sequence=99, digest="0" * 64)
    witness.tell(f"s3://model-governance/ledger/{case.name}/", head, case.pipeline.now())
    before = published_heads(case.pipeline, case.name)
    with pytest.raises(LedgerBroken, match="knows entry 99"):
        publish_what_was_left(case.pipeline, case.name)
    assert published_heads(case.pipeline, case.name) == before


def test_the_watchs_task_looks_after_every_use_case_and_holds_the_policies_to_the_witness(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the pipeline's own rights, which do not reach as far as publishing a policy."""
    case.approve_use_case()
    witness = case.pipeline.witness
    assert witness is not None
    another = replace(case.pipeline.settings, witness=witness.path.with_suffix(".another"))
    cut = Installation.load(case.pipeline.clients, another)
    assert cut.witness is not None
    later = PublishedHead(sequence=len(cut.ledger("policies").verify()) + 1, digest="0" * 64)
    cut.witness.tell("s3://model-governance/ledger/policies/", later, cut.now())
    monkeypatch.setattr(watch, "AirflowClients", lambda _: case.pipeline.clients)
    monkeypatch.setattr(watch.Installation, "load", lambda _: case.pipeline)
    monkeypatch.setattr("model_governance.decisions.waiting.use_cases_on_record", lambda _: (case.name,))
    watch.publish_heads.function()
    newest = PublishedHead.of(case.pipeline.ledger(case.name).verify()[-1])
    assert [each.head for each in published_heads(case.pipeline, case.name)].count(newest) == 2
    monkeypatch.setattr(watch.Installation, "load", lambda _: cut)
    with pytest.raises(LedgerBroken, match=r"ledger of policies, entry \d+: cut off"):
        watch.publish_heads.function()


def test_of_a_ledger_that_is_not_there_nothing_is_published(case: Case) -> None:
    publish_what_was_left(case.pipeline, f"{case.name}-never")
    assert published_heads(case.pipeline, f"{case.name}-never") == ()


def test_a_witness_that_cannot_be_written_is_told_and_the_decision_stands(case: Case) -> None:
    arn = case.governed()
    witness = case.decisions.settings.witness
    assert witness is not None
    witness.unlink()
    witness.mkdir()
    with pytest.raises(ServiceUnavailable, match=r"heads\.jsonl cannot be"):
        case.decide(Gate.GOVERNANCE, arn)
    assert [entry.subject for entry in case.entries(EntryKind.DECISION)][-1] == arn
    witness.rmdir()
    assert case.adjudicate(Gate.GOVERNANCE, arn).outcome == "approved"
    assert case.open(Gate.GOVERNANCE).subject == arn


def test_without_a_witness_the_other_two_places_are_left(case: Case) -> None:
    arn = case.governed()
    unwitnessed = Installation.load(case.decisions.clients, replace(case.decisions.settings, witness=None))
    decide(
        unwitnessed,
        Gate.GOVERNANCE,
        case.name,
        arn,
        DecisionVerdict.APPROVE,
        actor="governance-officer",
        comment="seen",
        channel=Channel.WEB,
    )
    places = [each.place.split()[1] for each in published_heads(unwitnessed, case.name)]
    assert places.count("card") == 1
    assert places.count("lineage") == 2


def test_a_published_head_in_lineage_is_nobodys_to_change_but_the_administrators(case: Case) -> None:
    case.approve_use_case()
    (entry,) = case.entries(EntryKind.DECISION)
    name = f"{case.name}-ledger-{entry.sequence:012d}"
    for principal in ("pipeline", "decision-service"):
        client = case.principal(principal).clients.client("sagemaker")
        with pytest.raises(AccessRefused), calling("sagemaker", "UpdateAction"):
            client.update_action(ActionName=name, Properties={"sequence": "1", "digest": "0" * 64})
        with pytest.raises(AccessRefused), calling("sagemaker", "DeleteAction"):
            client.delete_action(ActionName=name)
