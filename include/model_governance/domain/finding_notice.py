"""What the owner of a finding by monitoring is told; apart from the notices of gates, which ask for a decision."""

from __future__ import annotations

from urllib.parse import quote

from model_governance.domain.notice import Fact, Notice
from model_governance.domain.oversight import Finding
from model_governance.domain.waiting import Addressee, NoticeKind

_HOLDS = "while it is open, the version is flagged for review, and no later version is let into production"
_HOLDS_NOT = "no gate is held by it"


def finding_notice(
    use_case: str, finding: Finding, owner: Addressee, airflow_url: str, run_id: str = "", *, holds_gates: bool = False
) -> Notice:
    """The notice of a finding that monitoring has opened.

    Args:
        use_case: The use case.
        finding: The finding.
        owner: Who has to mend it.
        airflow_url: Where people find Airflow.
        run_id: The run that looked at the window; empty where it is not known.
        holds_gates: Whether the policy has a finding of this severity hold gates.
    """
    about = f"version {finding.version}" if finding.version else "every version"
    where = f"window from {finding.window} on" if finding.window else "the candidate's evidence"
    return Notice(
        kind=NoticeKind.FINDING,
        use_case=use_case,
        headline=f"Finding {finding.id} ({finding.severity}) on {use_case} {about}, due {finding.due}",
        addressees=(owner,),
        facts=(
            Fact("for", owner.named),
            Fact("found", finding.title),
            Fact("in", where),
            Fact("severity", f"{finding.severity}: {_HOLDS if holds_gates else _HOLDS_NOT}"),
            Fact("due", f"{finding.due}"),
            Fact(
                "how",
                "look at the window's report, mend the cause (data source, model, or limits), then have it closed",
            ),
            Fact("who closes it", "somebody else in a role that the policy names for it, saying what was done"),
        ),
        page=_page(airflow_url, use_case, run_id),
        commands=(
            f"model-governance monitoring {use_case}",
            f'model-governance finding close {use_case} {finding.id} --comment "what was done"',
        ),
    )


def _page(airflow_url: str, use_case: str, run_id: str) -> str:
    dag = quote(f"model_monitoring.{use_case}", safe="")
    run = f"/runs/{quote(run_id, safe='')}" if run_id else ""
    return f"{airflow_url}/dags/{dag}{run}"
