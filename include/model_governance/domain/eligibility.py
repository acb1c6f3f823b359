"""Who may decide a request: the refusals of one person, in words; apart from the gate, which only counts decisions."""

from __future__ import annotations

from collections.abc import Sequence

from model_governance.domain.decision import Decision, Gate
from model_governance.domain.gate import deciders_elsewhere, deciders_opposite
from model_governance.domain.people import Person
from model_governance.domain.policy import GateRule, Policy
from model_governance.domain.request import GateRequest
from model_governance.errors import DecisionRefused


def deciding_role(rule: GateRule, request: GateRequest, decisions: Sequence[Decision], person: Person) -> str:
    """The role in which a person decides a request.

    Args:
        rule: The gate's rule in the request's tier.
        request: What was asked.
        decisions: Every decision on the request's subject, of any gate.
        person: Who wants to decide.

    Raises:
        DecisionRefused: The person has no role for the gate, is not among the use case's approvers, has a part in the
            use case that never decides, or has decided a gate whose decider must be another.
    """
    where = _where(request)
    parts = [part for part in rule.never_decide if getattr(request, part) == person.id]
    if parts:
        raise DecisionRefused(
            f"{person.id} may not decide the {where}: {person.id} is its {' and '.join(parts)}; "
            f"the policy lets none of {', '.join(rule.never_decide)} decide. Ask {_askable(rule, request)}."
        )
    role = next((role for role in rule.roles if role in person.roles), None)
    if role is None:
        held = ", ".join(person.roles) or "no role"
        raise DecisionRefused(
            f"{person.id} may not decide the {where}: it takes the role {' or '.join(rule.roles)} "
            f"(policy, tier {request.tier}); {person.id} holds {held}. Ask {_askable(rule, request)}."
        )
    if request.approvers and person.id not in request.approvers:
        raise DecisionRefused(
            f"{person.id} may not decide the {where}: the use case names its approvers: {', '.join(request.approvers)}"
        )
    if person.id in deciders_elsewhere(rule, request, decisions):
        gates = " and ".join(gate.value for gate in rule.differs_from)
        raise DecisionRefused(
            f"{person.id} may not decide the {where}: {person.id} decided its {gates} gate, and the policy wants "
            f"another person here. Ask another {' or '.join(rule.roles)}."
        )
    return role


def refuse_opposite(policy: Policy, request: GateRequest, decisions: Sequence[Decision], person: Person) -> None:
    """Keeps who decided a gate that wants another person than this one's decider from deciding this one after it.

    Apart from the role, which a replay asks for too: such decisions were once allowed, and count.

    Raises:
        DecisionRefused: The person has decided such a gate.
    """
    rules = policy.gates[request.tier]
    theirs = [each for each in decisions if each.actor == person.id]
    decided = [gate for gate in Gate if deciders_opposite(policy, request, [e for e in theirs if e.gate is gate])]
    if not decided:
        return
    gates = " and ".join(gate.value for gate in decided)
    raise DecisionRefused(
        f"{person.id} may not decide the {_where(request)}: {person.id} decided its {gates} gate, for which the policy "
        f"wants another person than here. Ask another {' or '.join(rules[request.gate].roles)}."
    )


def _where(request: GateRequest) -> str:
    return f"{request.gate.value} gate of {request.use_case}" + (
        f" version {request.version}" if request.version else ""
    )


def _askable(rule: GateRule, request: GateRequest) -> str:
    return ", ".join(request.approvers) or f"someone who is {' or '.join(rule.roles)}"
