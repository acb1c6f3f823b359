"""What a ledger entry says, in words for a person; apart from showing them, as every kind has words of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from pydantic import ValidationError

from model_governance.cli.terminal import counted
from model_governance.domain.evidence import EvidenceKind, EvidenceVerdict, Measurement
from model_governance.domain.ledger import NAMES_ORDER, Entry, EntryKind

Body = Mapping[str, Any]

_DIGITS = 12


def head_line(entry: Entry) -> str:
    """Sequence, time (UTC), kind and what the entry is about, such as ``#4  2026-01-31T09:30:00Z  candidate``."""
    time = entry.time.astimezone(UTC)
    return f"#{entry.sequence:<4} {time:%Y-%m-%dT%H:%M:%SZ}  {entry.kind.value:<11} {about(entry)}"


def about(entry: Entry) -> str:
    """What the entry is about, within its use case: ``use case``, ``version 3``, or its subject as it is."""
    kind, _, rest = entry.subject.rsplit(":", 1)[-1].partition("/")
    if kind in ("model-card", "model-package-group") or entry.subject == entry.use_case:
        return "use case"
    if kind == "model-package" and "/" in rest:
        return f"version {rest.rsplit('/', 1)[-1]}"
    return entry.subject


def is_about_version(entry: Entry, version: int) -> bool:
    """Whether the entry is about that version."""
    return about(entry) == f"version {version}"


def paragraphs(entry: Entry) -> list[str]:
    """What the entry says, a paragraph a thought; what a later release wrote is said field by field."""
    words = _WORDS.get(entry.kind, _fields)
    try:
        return words(entry.body)
    except (KeyError, TypeError, AttributeError, ValidationError):
        return _fields(entry.body)


def _use_case(body: Body) -> list[str]:
    declared = body["declaration"]
    tier = f", risk {body['tier']}" if body.get("tier") else ""
    said = [
        f"{declared['title']}: declared for run {body['run_id']}{tier}; owner {declared['owner']}, author "
        f"{declared['author']}; digest {_short(body['use_case_digest'])}"
    ]
    return [*said, f"reason: {body['reason']}"] if body.get("reason") else said


def _candidate(body: Body) -> list[str]:
    starter = f"started by {body['trainer']}" if body.get("trainer") else "started by its schedule"
    return [
        f"version {body['version']} registered by run {body['run_id']}, {starter}; data {_short(body['data_sha256'])}"
    ]


def _evidence(body: Body) -> list[str]:
    measurements = [Measurement.model_validate(each) for each in body["measurements"]]
    fine = [each for each in measurements if each.verdict is EvidenceVerdict.PASS]
    said = [f"{body['kind']}: {body['verdict']}; {len(fine)} of {len(measurements)} measurements pass"]
    if body["kind"] != EvidenceKind.DATA_QUALITY and fine:
        said.append("; ".join(_number(each) for each in fine))
    said += [f"{each.verdict}: {each.sentence}" for each in measurements if each.verdict is not EvidenceVerdict.PASS]
    return said


def _request(body: Body) -> list[str]:
    run = f" by run {body['run_id']}" if body.get("run_id") else ""
    version = f" for version {body['version']}" if body.get("version") else ""
    who = f"; to be decided by {', '.join(body['approvers'])}" if body.get("approvers") else ""
    said = [f"{body['gate']} gate requested{version}{run}; risk {body['tier']}{who}"]
    evidence = body["evidence"]
    if evidence:
        said.append("evidence: " + ", ".join(f"{each['kind']} {each['verdict']}" for each in evidence))
    measured = [Measurement.model_validate(one) for each in evidence for one in each["measurements"]]
    return said + [f"warning: {each.sentence}" for each in measured if each.verdict is EvidenceVerdict.WARNING]


def _decision(body: Body) -> list[str]:
    verdict = {"approve": "approved", "reject": "rejected"}.get(body["verdict"], body["verdict"])
    said = f"{body['gate']} gate {verdict} by {body['actor']} as {body['role']}, by {body['channel']}"
    return [said, f"comment: {body['comment']}" if body.get("comment") else "no comment"]


def _refusal(body: Body) -> list[str]:
    who = body.get("actor") or _last(body["principal"]) or "someone unknown"
    came_of_it = "did not count and was set back" if body.get("event_id") else "was refused"
    return [f"{body['gate']} gate: {body['status']} by {who} {came_of_it}", f"reason: {body['reason']}"]


def _deployment(body: Body) -> list[str]:
    authority = ", ".join(f"{each['actor']} ({each['gate']})" for each in body["authority"])
    return [
        f"{body['stage']}: version {body['version']} on endpoint {body['endpoint']}, by {body['endpoint_config']}; run "
        f"{body['run_id']}; model {_short(body['model_sha256'])}",
        f"by authority of {authority}",
    ]


def _failure(body: Body) -> list[str]:
    return [f"{body['task_id']} failed in run {body['run_id']}", f"reason: {body['reason']}"]


def _clean_up(body: Body) -> list[str]:
    counts = {
        "job": len(body.get("jobs", ())),
        "endpoint": len(body["endpoints"]),
        "endpoint configuration": len(body["endpoint_configs"]),
        "model": len(body["models"]),
        "lineage record": len(body.get("lineage", ())),
        "version": len(body["model_packages"]),
        "card": 1 if body["card"] else 0,
        "object": body["objects"],
    }
    who = f" by {_last(body['principal'])}" if body.get("principal") else ""
    said = [f"taken down{who}: " + ", ".join(counted(count, what) for what, count in counts.items() if count)]
    return said + [
        f"version {each['version']} was {each['approval_status'] or 'without status'}"
        + (f", {each['stage']}" if each["stage"] else "")
        for each in body["model_packages"]
    ]


def _exception(body: Body) -> list[str]:
    return [
        f"exception for {body['item']} granted by {body['granted_by']} as {body['role']}, until {body['expires']}",
        f"reason: {body['reason']}",
        f"instead: {body['compensating_control']} (owner {body['owner']})",
    ]


def _finding(body: Body) -> list[str]:
    what = f"version {body['version']}" if body.get("version") else "every version"
    return [
        f"{body['id']} opened by {body['opened_by']}: severity {body['severity']}, {what}, owner {body['owner']}, "
        f"due {body['due']}",
        body["title"],
    ]


def _monitoring(body: Body) -> list[str]:
    again = f", revision {body['revision']}" if body["revision"] > 1 else ""
    said = [
        f"window {body['start']} to {body['end']}{again}: version {body['version']} {body['verdict']}, "
        f"{counted(body['rows'], 'row')}; report {_short(body['sha256']['report.json'])}",
        body["sentence"],
    ]
    return said + [f"{each['severity']}: {each['sentence']}" for each in body["breaches"]]


def _retraining(body: Body) -> list[str]:
    return [f"retraining asked for by run {body['run_id']}, for {', '.join(body['findings'])}"]


def _finding_closure(body: Body) -> list[str]:
    return [f"{body['id']} closed by {body['closed_by']} as {body['role']}", f"comment: {body['comment']}"]


def _policy_version(body: Body) -> list[str]:
    return [f"{body['file']}.yaml entered by {_last(body['principal'])}; digest {_short(body['digest'])}"]


def _roll_back(body: Body) -> list[str]:
    now = f"serves {body['serves']} again" if body["serves"] else "is deleted, as nothing was served before"
    return [
        f"{body['stage']}: version {body['version']} was rolled back; {body['endpoint']} {now}",
        f"reason: {body['reason']}",
    ]


def _deployment_step(body: Body) -> list[str]:
    what = f"{body['stage']}: version {body['version']}, run {body['run_id']}, attempt {body['attempt']}"
    if body["step"] == "begin":
        by = f"by canary at {', '.join(f'{each} %' for each in body['percent_steps'])}" if body["percent_steps"] else ""
        instead = f" in the place of {body['replaces']}" if body["replaces"] else ""
        return [f"{what}: deployment begins{instead} {by or 'all at once'}"]
    if body["step"] == "give_up":
        return [f"{what}: given up", f"reason: {body['reason']}"]
    smoke = body["smoke"]
    return [
        f"{what}: {body['variant']} answered with {body['percent']} % of the traffic: {smoke['rows']} rows, largest "
        f"difference {smoke['largest_difference']:.4g}, {smoke['latency_ms']:g} ms"
    ]


def _stop(body: Body) -> list[str]:
    what = "drill" if body["drill"] else "stop"
    was = f"out of service in {body['seconds']:g} s" if body["was_in_service"] else "was out of service already"
    before = [f"the registry says: {body['registry_says']}"] if body.get("registry_says") else []
    return [f"{what} by {_ordered(body)}: endpoint {body['endpoint']} {was}", f"reason: {body['reason']}", *before]


def _resume(body: Body) -> list[str]:
    what = f"version {body['version']} serves again" if body.get("version") else "deployments are allowed again"
    ended = f"{'drill' if body['drill'] else 'stop'} of entry {body['stop']}"
    return [f"{ended} ended by {_ordered(body)}: {what}", f"comment: {body['reason']}", *_smoke_failed(body)]


def _reversion(body: Body) -> list[str]:
    instead = f" in the place of version {body['from_version']}" if body.get("from_version") else ""
    return [
        f"version {body['version']} serves again{instead}, by {_ordered(body)}; {body['endpoint_config']}",
        f"reason: {body['reason']}",
        *_smoke_failed(body),
    ]


def _retirement(body: Body) -> list[str]:
    versions = ", ".join(str(each) for each in body["versions"]) or "none"
    return [f"retired by {_ordered(body)}; versions archived: {versions}", f"reason: {body['reason']}"]


def _order(body: Body) -> list[str]:
    to_version = f" to version {body['to_version']}" if body.get("to_version") else ""
    drill = " for a drill" if body.get("drill") else ""
    what = str(body["operation"]).replace("_", " ")
    return [
        f"{what}{to_version}{drill} ordered by {_ordered(body)}, in {body['order_id']}",
        f"reason: {body['reason']}",
    ]


def _withdrawal(body: Body) -> list[str]:
    return [f"the order of entry {body[NAMES_ORDER]} is withdrawn, no run carries it out: {body['reason']}"]


def _ordered(body: Body) -> str:
    by = f"{body['actor']} as {body['role']}, by {body['channel']}"
    if NAMES_ORDER not in body:
        return by
    return f"{by} (order of entry {body[NAMES_ORDER]})" if body[NAMES_ORDER] else f"{by} (by the pipeline's word alone)"


def _smoke_failed(body: Body) -> list[str]:
    return [f"smoke test failed: {body['smoke_failed']}"] if body.get("smoke_failed") else []


def _superseded(body: Body) -> list[str]:
    return [f"version {body['version']} of run {body['run_id']} gave way to version {body['by_version']}"]


def _fields(body: Body) -> list[str]:
    return [f"{name}: {value}" for name, value in body.items() if isinstance(value, str | int | float) and value != ""]


def _number(measurement: Measurement) -> str:
    group = "" if measurement.group is None else f" = {measurement.group}"
    facet = f" ({measurement.facet}{group})" if measurement.facet else ""
    number = "none" if measurement.value is None else f"{measurement.value:.4g}"
    limits = [
        f"{word} {limit:g}"
        for word, limit in (("at least", measurement.minimum), ("at most", measurement.maximum))
        if limit is not None
    ]
    return f"{measurement.name}{facet} {number}" + (f", {' and '.join(limits)}" if limits else "")


def _short(digest: str) -> str:
    return digest[:_DIGITS]


def _last(principal: str) -> str:
    return principal.rsplit("/", 1)[-1]


_WORDS: dict[EntryKind, Callable[[Body], list[str]]] = {
    EntryKind.USE_CASE: _use_case,
    EntryKind.CANDIDATE: _candidate,
    EntryKind.EVIDENCE: _evidence,
    EntryKind.REQUEST: _request,
    EntryKind.DECISION: _decision,
    EntryKind.REFUSAL: _refusal,
    EntryKind.DEPLOYMENT: _deployment,
    EntryKind.DEPLOYMENT_STEP: _deployment_step,
    EntryKind.ROLL_BACK: _roll_back,
    EntryKind.REVERSION: _reversion,
    EntryKind.STOP: _stop,
    EntryKind.RESUME: _resume,
    EntryKind.RETIREMENT: _retirement,
    EntryKind.ORDER: _order,
    EntryKind.WITHDRAWAL: _withdrawal,
    EntryKind.FAILURE: _failure,
    EntryKind.CLEAN_UP: _clean_up,
    EntryKind.EXCEPTION: _exception,
    EntryKind.FINDING: _finding,
    EntryKind.BREACH: _finding,
    EntryKind.MONITORING: _monitoring,
    EntryKind.RETRAINING: _retraining,
    EntryKind.FINDING_CLOSURE: _finding_closure,
    EntryKind.POLICY_VERSION: _policy_version,
    EntryKind.SUPERSEDED: _superseded,
}
