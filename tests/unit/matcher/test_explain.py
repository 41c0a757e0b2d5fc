"""An explanation is true: whoever makes the change that it names gets another choice."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

import pytest

from contracts.questions import Question
from contracts.vocabulary import Need, Urgency
from services.matcher.domain import telling
from services.matcher.domain.board import Board, board_of, take_turn
from services.matcher.domain.by_plan import Standing
from services.matcher.domain.catalogue import Catalogue
from services.matcher.domain.decision import Decision
from services.matcher.domain.directory import Program, Requirement, Rule
from services.matcher.domain.explain import Change, Kind, changes, chosen, runner_up
from services.matcher.domain.plan import Basis, Plan
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import Answer, Request
from services.matcher.domain.rules import RULES
from tests.unit.matcher.chance import program_by_chance, request_by_chance
from tests.unit.matcher.samples import NOON, program, request

POLICY = Policy(farthest_km=60.0)


class WithPoints(Catalogue):
    """A directory where one program scores so many points more."""

    def __init__(self, programs: Sequence[Program], program_id: str, points: float) -> None:
        super().__init__(programs)
        self.gift = program_id, points

    def best(self, request: Request, now: datetime, policy: Policy, count: int) -> dict[str, float]:
        found = super().best(request, now, policy, max(count, len(self.programs)))
        name, points = self.gift
        found[name] = round(found[name] + points, 2)
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def decided(board: Board) -> Decision:
    (made,) = take_turn(board, NOON, POLICY).decisions
    return made


def choice(decision: Decision) -> str | None:
    return decision.choices[0].program_id if decision.choices else None


def left_at(decision: Decision, programs: Sequence[Program]) -> dict[str, int]:
    """The places as they were at the turn of a decision; those that it does not tell had none."""
    told = {one.program_id: one.free for one in decision.considered}
    return {one.id: told.get(one.id, 0) for one in programs}


def again(programs: Sequence[Program], asked: Request, was: Decision, change: Change) -> Decision:
    """The decision once more, with one change."""
    free = left_at(was, programs)
    match change.kind:
        case Kind.PLACE:
            free[change.program_id] += 1
        case Kind.POINTS:
            assert change.points is not None
            catalogue = WithPoints(programs, change.program_id, change.points)
            given = board_of([], free, ())
            return decided(Board(catalogue, given.free, [asked]))
        case Kind.ANSWER:
            entry = next(one for one in programs if one.id == change.program_id)
            asked = answered(asked, entry, change)
        case Kind.GROUND:
            entries = (one if one.id != change.program_id else willing(one) for one in programs)
            programs = list(entries)
            free[change.program_id] = 1
    return decided(board_of(programs, free, [asked]))


def answered(asked: Request, entry: Program, change: Change) -> Request:
    """The request with the questions of a program answered, for or against it."""
    facts = asked.facts
    codes = set(facts.eligibility)
    for question in change.questions:
        rules = {one.rule for one in entry.eligibility} & RULES.keys()
        for table in (RULES[rule] for rule in rules if RULES[rule].question is question):
            code = table.failed_by if change.against else table.met_by
            codes |= {code} if code else set()
        if question is Question.AGE:
            low, high = entry.minimum_age, entry.maximum_age
            inside = low if low is not None else high
            outside = (high + 1) if high is not None else (low or 0) - 1
            facts = replace(facts, age=outside if change.against else inside)
        if question is Question.HOUSEHOLD:
            facts = replace(facts, household_size=1 if change.against else 3)
    facts = replace(facts, eligibility=tuple(sorted(codes)))
    return replace(asked, facts=facts)


def willing(entry: Program) -> Program:
    """The program, as if it took anybody."""
    return program(entry.id, version=entry.version)


def test_in_towns_by_chance_every_change_that_is_told_flips_the_choice() -> None:
    chance, seen = Random(5), Counter[Kind]()  # noqa: S311 - the same in every run
    for number in range(120):
        programs = [program_by_chance(chance, n, 0.6) for n in range(chance.choice([3, 12, 40]))]
        asked = replace(request_by_chance(chance, number, programs, 0.6), excluded=(), hand=None)
        free = {one.id: chance.choice([0, 0, 0, 1, 2]) for one in programs}
        was = decided(board_of(programs, free, [asked]))
        alone = decided(board_of(programs, left_at(was, programs), [asked]))
        assert choice(alone) == choice(was)
        for change in flippable(was):
            assert choice(again(programs, asked, was, change)) != choice(was), (was, change)
            seen[change.kind] += 1
    assert min(seen[kind] for kind in (Kind.ANSWER, Kind.PLACE, Kind.POINTS)) >= 10, seen


def flippable(was: Decision) -> Sequence[Change]:
    """All changes but those of grounds, which need a program of no sector, age or place."""
    return [change for change in changes(was) if change.kind is not Kind.GROUND]


PLAIN, OTHER = program("a-plain"), program("b-other")
LIMITED = program("c-limited", eligibility=(Requirement(Rule.INCOME_LIMIT),))


def told(programs: Sequence[Program], free: Mapping[str, int], **known: Any) -> list[Change]:
    asked = request(**known)
    was = decided(board_of(programs, free, [asked]))
    found = list(changes(was))
    for change in found:
        assert telling.told(change)
        assert choice(again(programs, asked, was, change)) != choice(was)
    return found


def test_the_runner_up_lacks_so_many_points_and_the_term_is_told() -> None:
    preferred = {"preferred": ("b-other",)}
    assert told([PLAIN, OTHER], {"a-plain": 1, "b-other": 1}, **preferred) == [
        Change(kind=Kind.POINTS, program_id="a-plain", points=20.0, term="preferred")
    ]
    assert told([PLAIN, OTHER], {"a-plain": 1, "b-other": 1}) == [
        Change(kind=Kind.POINTS, program_id="b-other", points=0.01)
    ]


def test_a_place_of_a_better_program_would_have_been_enough() -> None:
    (change,) = told([PLAIN, OTHER], {"b-other": 1})
    assert change == Change(kind=Kind.PLACE, program_id="a-plain")


def test_an_answer_lets_a_program_pass_or_rules_the_chosen_one_out() -> None:
    free = {"c-limited": 1, "b-other": 1}
    for_it, points = told([OTHER, LIMITED], free, preferred=("c-limited",))
    assert for_it == Change(kind=Kind.ANSWER, program_id="c-limited", questions=(Question.INCOME,))
    assert (points.kind, points.program_id) == (Kind.POINTS, "c-limited")
    (against,) = told([LIMITED], {"c-limited": 1})
    assert (against.against, against.questions) == (True, (Question.INCOME,))


def test_who_waits_is_told_the_best_program_and_who_fits_nowhere_what_is_in_the_way() -> None:
    assert told([PLAIN, OTHER], {}) == [Change(kind=Kind.PLACE, program_id="a-plain")]
    paused = program("d-paused", paused=True)
    grown = program("e-grown", paused=True, minimum_age=18)
    (change,) = told([grown, paused], {}, age=12)
    assert (change.kind, change.program_id) == (Kind.GROUND, "d-paused")
    assert [reason.value for reason in change.reasons] == ["paused"]
    assert told([program(needs=(Need.RENTAL_ASSISTANCE,))], {}) == []


def test_the_runner_up_has_a_place_left_as_the_turn_comes() -> None:
    free = {"a-plain": 1, "b-other": 1}
    made = take_turn(board_of([PLAIN, OTHER], free, [request(1), request(2)]), NOON, POLICY)
    first, second = made.decisions
    up = runner_up(first)
    assert (choice(first), up.program_id if up else None) == ("a-plain", "b-other")
    assert (choice(second), runner_up(second)) == ("b-other", None)
    found = chosen(second)
    assert found is not None
    assert found.free == 1
    assert [one.free for one in second.considered] == [0, 1]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"urgency": Urgency.ROUTINE}, [Kind.PLAN]),
        ({"urgency": Urgency.CRISIS}, []),
        ({"urgency": Urgency.CRISIS, "preferred": ("c-limited",)}, [Kind.ANSWER, Kind.PLAN]),
    ],
)
def test_under_a_plan_what_is_told_flips_the_choice_for_certain(
    known: dict[str, Any], expected: list[Kind]
) -> None:
    """Routine is held back for a price; of two programs the preferred one asks, and is dear."""
    programs = [PLAIN, LIMITED] if "preferred" in known else [PLAIN]
    prices = {"a-plain": 9.0} if "preferred" in known else {"a-plain": 9.0, "c-limited": 9.0}
    free, asked = {"a-plain": 1, "c-limited": 1}, request(**known)
    number = dict.fromkeys([asked.referral_id])
    plan = Plan(
        number=1,
        made_at=NOON,
        policy=POLICY.version,
        basis=Basis.LOOK_AHEAD,
        asked=frozenset(number),
        prices=prices,
    )
    given = board_of(programs, free, [asked])
    was = decided(replace(given, standing=Standing(plan, ())))
    found = changes(was)
    assert [change.kind for change in found] == expected
    for change in found:
        assert telling.told(change)
        if change.kind is Kind.PLAN:
            assert choice(decided(given)) == change.program_id != choice(was)
        else:
            entry = next(one for one in programs if one.id == change.program_id)
            ruled_out = replace(given, requests=[answered(asked, entry, change)])
            anew = decided(replace(ruled_out, standing=Standing(plan, ())))
            assert choice(anew) != choice(was)


@pytest.mark.parametrize("count", [30, 300])
def test_however_many_programs_there_are_an_explanation_names_few_and_counts_all(
    count: int,
) -> None:
    programs = [program(f"p-{n:03}", minimum_age=n % 30) for n in range(count)]
    made = decided(board_of(programs, {"p-003": 1}, [request(age=10)]))
    assert made.answer is Answer.ROUTED
    assert len(made.considered) <= 18
    assert made.fitting == sum(n % 30 <= 10 for n in range(count))
    assert made.eliminated == {"too_young": sum(n % 30 > 10 for n in range(count))}
