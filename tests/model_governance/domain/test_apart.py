"""Who decided one of two gates that want distinct people never decides the other, whichever came first."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations, product

import pytest
from tests.model_governance.domain.literals import NOW, POLICY, decision, observed, request

from model_governance.domain.decision import Decision, Gate
from model_governance.domain.eligibility import deciding_role, refuse_opposite
from model_governance.domain.gate import GateState, eligible, evaluate_gate
from model_governance.domain.outlook import Situation, Step, StepKind, shortest_way
from model_governance.domain.oversight import NO_OVERSIGHT
from model_governance.domain.people import People, Person
from model_governance.domain.policy import Policy
from model_governance.domain.replay import Circumstances, differences
from model_governance.domain.request import GateRequest
from model_governance.errors import DecisionRefused

DAY = timedelta(days=1)
STATES = 4_000
GATES = (Gate.GOVERNANCE, Gate.PRODUCTION)
ROLES = {Gate.GOVERNANCE: "governance_officer", Gate.PRODUCTION: "production_approver"}


def person(name: str, group: str, gates: tuple[Gate, ...]) -> Person:
    return Person(id=name, airflow_user=name, principal=name, group=group, roles=tuple(ROLES[gate] for gate in gates))


def policy_of(**rules: dict[str, object]) -> Policy:
    """The usual policy without evidence, with other rules for its gates."""
    declared = POLICY.model_dump(mode="json")
    for tier in declared["gates"].values():
        for gate in GATES:
            tier[gate] |= {"evidence": [], "revalidate_every_days": None, **rules.get(gate.value, {})}
    return Policy.model_validate(declared)


def ask(gate: Gate, policy: Policy) -> GateRequest:
    return request(gate, ()).model_copy(update={"policy_digest": policy.digest})


def approval(asked: GateRequest, who: Person, days: float, **changes: object) -> Decision:
    fields = {"actor": who.id, "group": who.group, "role": ROLES[asked.gate], "time": NOW - days * DAY}
    return decision(asked, **(fields | changes))


BOTH = person("production-approver", "operations", (Gate.PRODUCTION, Gate.GOVERNANCE))
OFFICER = person("governance-officer", "risk", (Gate.GOVERNANCE,))
PEOPLE = People(people=(BOTH, OFFICER))


@pytest.fixture
def lapsed() -> tuple[Policy, GateRequest, tuple[Situation, Situation]]:
    """Governance was approved for three days and has been requested again; production was approved and is open."""
    policy = policy_of()
    governance, production = (ask(gate, policy) for gate in GATES)
    first = approval(governance, OFFICER, 5, until=NOW - 2 * DAY)
    then = approval(production, BOTH, 4)
    now = observed(policy_digest=policy.digest)
    return (
        policy,
        governance,
        (
            Situation(governance, governance, (then,), now),
            Situation(production, production, (first, then), now),
        ),
    )


def test_who_decided_production_is_not_asked_for_governance_afterwards(
    lapsed: tuple[Policy, GateRequest, tuple[Situation, Situation]],
) -> None:
    policy, governance, situations = lapsed
    steps = shortest_way(policy, situations, PEOPLE, NOW)
    assert steps is not None
    assert [(step.gate, step.what) for step in steps] == [(Gate.GOVERNANCE, "governance-officer")]
    assert "in this one's place" not in steps[0].item.how
    before = situations[0].decisions
    assert eligible(policy, governance, before, PEOPLE, NOW) == (OFFICER,)
    refuse_opposite(policy, governance, before, OFFICER)
    with pytest.raises(DecisionRefused, match="decided its production gate, for which the policy wants another person"):
        refuse_opposite(policy, governance, before, BOTH)
    assert shortest_way(policy, situations, People(people=(BOTH,)), NOW) is None


def test_what_was_decided_so_before_it_was_refused_is_replayed_without_a_difference(
    lapsed: tuple[Policy, GateRequest, tuple[Situation, Situation]],
) -> None:
    policy, governance, (there, production) = lapsed
    again = approval(governance, BOTH, 0)
    then = Circumstances(
        request=governance,
        before=there.decisions,
        evidence=(),
        policy=policy,
        people=PEOPLE,
        oversight=NO_OVERSIGHT,
        use_case=None,
        recorded=NOW,
    )
    assert differences(again, then) == ()
    verdict = evaluate_gate(policy, production.standing, (*production.decisions, again), NOW)
    assert verdict.state is GateState.WAITING


@dataclass
class Plain:
    """One of the gates, in the plainest words; the brute force knows nothing else."""

    groups_of: dict[str, str]  # id -> group, of those who hold its role
    approvals: int
    groups: int
    holds: int | None
    asked: bool = False
    decided: list[tuple[str, int]] = field(default_factory=list)  # who, days ago, on the request that stands
    ever: set[str] = field(default_factory=set)

    def quorum(self, who: set[str]) -> bool:
        return len(who) >= self.approvals and len({self.groups_of[each] for each in who}) >= self.groups

    def live(self, ago: int) -> set[str]:
        return {who for who, days in self.decided if days >= ago and (not self.holds or days - ago < self.holds)}

    def was_open(self, ago: int) -> bool:
        return any(self.quorum(self.live(days)) for _, days in self.decided if days >= ago)

    def ways(self, barred: set[str]) -> Iterator[tuple[int, set[str]]]:
        """How many steps, and who approves, in each way that opens it."""
        able = [each for each in self.groups_of if each not in barred]
        for who in (set(some) for size in range(len(able) + 1) for some in combinations(able, size)):
            if self.asked and self.quorum(self.live(0) | who) and (not who or not self.was_open(0)):
                yield len(who), who
            if (not self.asked or (self.was_open(0) and not self.quorum(self.live(0)))) and self.quorum(who):
                yield len(who) + 1, who


@dataclass
class History:
    """Two gates with decisions on both, each permitted when it was made."""

    people: tuple[Person, ...]
    gates: dict[Gate, Plain]
    differs: dict[Gate, list[str]]

    @classmethod
    def some(cls, chance: random.Random) -> History:
        people = tuple(
            person(f"p{n}", f"g{chance.randrange(3)}", tuple(gate for gate in GATES if chance.random() < 0.6))
            for n in range(chance.randint(1, 5))
        )
        gates = {}
        for gate in GATES:
            number = chance.choice([1, 1, 2])
            able = {each.id: each.group for each in people if ROLES[gate] in each.roles}
            gates[gate] = Plain(able, number, chance.randint(1, number), chance.choice([None, 3, 6]))
        governance, production = chance.choice([([], ["governance"])] * 3 + [(["production"], []), ([], [])])
        made = cls(people, gates, {Gate.GOVERNANCE: governance, Gate.PRODUCTION: production})
        for ago in range(chance.randint(0, 15), 0, -1):
            made.go_on(chance, ago)
        return made

    @property
    def is_apart(self) -> bool:
        return any(self.differs.values())

    def barred(self, gate: Gate) -> set[str]:
        return {who for other in GATES if other is not gate and self.is_apart for who in self.gates[other].ever}

    def go_on(self, chance: random.Random, ago: int) -> None:
        gate = chance.choice(GATES)
        here = self.gates[gate]
        if not here.asked or here.was_open(ago) or chance.random() < 0.1:
            if not here.asked or not here.quorum(here.live(ago)):
                here.asked, here.decided = True, []
            return
        able = sorted(set(here.groups_of) - self.barred(gate) - here.live(ago))
        if able:
            who = chance.choice(able)
            here.decided.append((who, ago))
            here.ever.add(who)

    def fewest(self) -> int | None:
        """The length of the shortest way, nobody deciding at both gates where they want distinct people."""
        ways = [list(self.gates[gate].ways(self.barred(gate))) for gate in GATES]
        lengths = [one + other for (one, a), (other, b) in product(*ways) if not (self.is_apart and a & b)]
        return min(lengths, default=None)


def situations_of(history: History, policy: Policy) -> list[Situation]:
    asked = {gate: ask(gate, policy) for gate in GATES}
    known = {each.id: each for each in history.people}
    on_record = {
        gate: tuple(approval(asked[gate], known[who], days) for who, days in history.gates[gate].decided)
        for gate in GATES
    }
    earlier = {
        gate: tuple(approval(asked[gate], known[who], 20) for who in sorted(history.gates[gate].ever)) for gate in GATES
    }
    now = observed(policy_digest=policy.digest)
    return [
        Situation(
            draft=asked[gate],
            standing=asked[gate] if history.gates[gate].asked else None,
            decisions=(*earlier[other], *on_record[other], *on_record[gate]),
            observed=now,
        )
        for gate, other in (GATES, GATES[::-1])
    ]


def take(policy: Policy, situations: list[Situation], people: People, steps: tuple[Step, ...]) -> bool:
    """Whether the real gates are open once the steps are taken, each of which must be permitted when it is."""
    by_gate = {each.gate: each for each in situations}
    standing = {gate: each.standing for gate, each in by_gate.items()}
    made = {gate: [each for each in found.decisions if each.gate is gate] for gate, found in by_gate.items()}
    before = {gate: [each for each in found.decisions if each.gate is not gate] for gate, found in by_gate.items()}

    def record(gate: Gate) -> list[Decision]:
        return before[gate] + made[gate]

    for step in steps:
        asked = by_gate[step.gate].draft
        if step.kind is StepKind.REQUEST:
            standing[step.gate], made[step.gate] = asked, []
            continue
        who = people.by_id(step.what)
        assert who is not None
        assert evaluate_gate(policy, standing[step.gate], record(step.gate), NOW).state is GateState.WAITING
        deciding_role(policy.rule(asked.tier, asked.gate), asked, record(step.gate), who)
        refuse_opposite(policy, asked, record(step.gate), who)
        new = approval(asked, who, 0)
        made[step.gate].append(new)
        for other in set(before) - {step.gate}:
            before[other].append(new)
    return all(evaluate_gate(policy, standing[gate], record(gate), NOW).is_open for gate in GATES)


@pytest.mark.parametrize("part", range(4))
def test_the_steps_open_both_gates_after_any_history_and_no_fewer_do(part: int) -> None:
    chance = random.Random(20260116 + part)
    reached = 0
    for _ in range(STATES // 4):
        history = History.some(chance)
        rules = {
            gate.value: {
                "approvals": here.approvals,
                "groups": here.groups,
                "holds_days": here.holds,
                "differs_from": history.differs[gate],
            }
            for gate, here in history.gates.items()
        }
        policy, people = policy_of(**rules), People(people=history.people)
        situations = situations_of(history, policy)
        steps = shortest_way(policy, situations, people, NOW)
        assert (len(steps) if steps is not None else None) == history.fewest(), (history, steps)
        if steps is not None:
            reached += 1
            assert take(policy, situations, people, steps), (history, steps)
    assert reached > STATES // 10
