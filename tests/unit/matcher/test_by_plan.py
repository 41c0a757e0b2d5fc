"""Places by a plan: what the running matcher gives is what the engine decided, whatever is late."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Urgency
from services.matcher.domain import capacity_policy
from services.matcher.domain.by_plan import Moment, Standing, give
from services.matcher.domain.granting import way_of
from services.matcher.domain.market import Market, Request, fair_order
from services.matcher.domain.plan import Basis, Plan, plan_json, plan_of
from services.matcher.domain.policy import FRESH, Policy, Worth
from services.matcher.domain.simulation import play as playing
from services.matcher.domain.simulation.scenario import SCENARIOS
from services.matcher.domain.simulation.town import build
from tests.unit.matcher.samples import NOON, facts

POLICY = Policy()


def name_of(number: int) -> str:
    return str(UUID(int=number))


def plan_for(*offers: tuple[int, str], asked: tuple[int, ...] = (), **changes: Any) -> Plan:
    plain = Plan(
        number=1,
        made_at=NOON,
        policy=POLICY.version,
        basis=Basis.LOOK_AHEAD,
        offers=tuple((UUID(int=number), program) for number, program in offers),
        asked=frozenset(UUID(int=number) for number in (*asked, *(n for n, _ in offers))),
    )
    return replace(plain, **changes)


def standing(plan: Plan) -> Standing:
    return Standing(plan, tuple((str(of), program) for of, program in plan.offers))


def asks(number: int, urgency: Urgency = Urgency.ROUTINE, **values: float) -> Request:
    options = {name: (value, 1.0) for name, value in (values or {"bed": 1.0}).items()}
    return Request(name_of(number), arrived=0.0, window=14.0, urgency=urgency, options=options)


def given_to(
    free: dict[str, int], queue: list[Request], plan: Plan, *by_hand: int
) -> tuple[dict[str, list[str]], set[str]]:
    moment = Moment(0.0, frozenset(map(name_of, by_hand)))
    made = give(free, queue, standing(plan), POLICY, moment)
    return {of: list(programs) for of, programs in made.offers.items()}, set(made.held)


def test_whom_the_plan_names_gets_the_place_and_whom_it_passed_over_is_held_back() -> None:
    queue = [asks(1), asks(2)]
    made = given_to({"bed": 2}, queue, plan_for((2, "bed"), asked=(1,)))
    assert made == ({name_of(2): ["bed"]}, {name_of(1)})


def test_nobody_is_held_back_from_places_that_are_all_taken() -> None:
    made = given_to({"bed": 1}, [asks(1), asks(2)], plan_for((2, "bed"), asked=(1,)))
    assert made == ({name_of(2): ["bed"]}, set())


def test_who_was_named_and_refused_is_asked_elsewhere_and_not_held_back() -> None:
    plan = plan_for((1, "bed"), prices={"sofa": 0.2})
    made = give({"sofa": 1}, [asks(1, sofa=0.5)], Standing(plan, ()), POLICY, Moment(0.0))
    assert (made.offers, made.held) == ({name_of(1): ["sofa"]}, frozenset())


def test_a_plan_that_does_not_look_ahead_keeps_nothing_from_anybody() -> None:
    plan = plan_for(asked=(1,), prices={"bed": 9.0}, basis=Basis.TOO_LITTLE_HISTORY)
    assert given_to({"bed": 1}, [asks(1)], plan) == ({name_of(1): ["bed"]}, set())


def test_a_crisis_goes_before_whoever_is_placed_by_hand() -> None:
    queue = [asks(1), asks(3, Urgency.CRISIS)]
    made, _ = given_to({"bed": 1}, queue, plan_for((1, "bed")), 1)
    assert made == {name_of(3): ["bed"]}


def test_a_value_stays_a_number_whatever_a_policy_says_of_points() -> None:
    for score in (-1e6, 1e6):
        value = Worth(points=10).of(Urgency.ROUTINE, score)
        assert 0 < value < 1e6


def test_a_crisis_takes_a_place_at_once_even_one_that_was_planned_for_another() -> None:
    queue = [asks(1), asks(3, Urgency.CRISIS)]
    made = given_to({"bed": 1}, queue, plan_for((1, "bed"), prices={"bed": 9.0}))
    assert made == ({name_of(3): ["bed"]}, set())


def test_placed_by_hand_is_placed_at_once_too() -> None:
    made, _ = given_to({"bed": 1}, [asks(4)], plan_for(prices={"bed": 9.0}), 4)
    assert made == {name_of(4): ["bed"]}


def test_who_is_new_gets_a_place_where_it_is_worth_more_than_it_costs_others() -> None:
    plan = plan_for(prices={"bed": 1.5, "sofa": 0.2})
    assert given_to({"bed": 1, "sofa": 1}, [asks(1, bed=2.0, sofa=0.5)], plan)[0] == {
        name_of(1): ["bed"]
    }
    assert given_to({"bed": 1, "sofa": 1}, [asks(1, bed=1.6, sofa=0.5)], plan)[0] == {
        name_of(1): ["sofa"]
    }
    assert given_to({"bed": 1}, [asks(1, bed=1.4)], plan) == ({}, {name_of(1)})


def test_a_place_that_is_planned_for_somebody_in_a_later_round_is_kept_for_them() -> None:
    made = given_to({"bed": 1}, [asks(7)], plan_for((2, "bed")))
    assert made == ({}, set())


def test_where_a_planned_program_is_no_option_any_more_another_is_offered() -> None:
    made, held = given_to({"bed": 1, "sofa": 1}, [asks(1, sofa=1.0)], plan_for((1, "bed")))
    assert (made, held) == ({name_of(1): ["sofa"]}, set())


def test_a_plan_survives_the_journal() -> None:
    plan = plan_for((1, "bed"), asked=(2,), prices={"bed": 0.25}, accept={"bed": 0.5})
    plan = replace(plan, held=frozenset({UUID(int=2)}))
    assert plan_of(orjson.loads(orjson.dumps(plan_json(plan)))) == plan


def test_a_plan_is_followed_for_its_own_policy_and_while_it_lasts() -> None:
    newest = standing(plan_for())
    late = NOON + timedelta(minutes=POLICY.plan_lasts)
    assert way_of(late, POLICY, newest).basis is Basis.LOOK_AHEAD
    assert way_of(late + timedelta(seconds=1), POLICY, newest).basis is Basis.STALE_PLAN
    assert way_of(NOON, replace(POLICY, version="other"), newest).basis is Basis.STALE_PLAN
    assert way_of(NOON, POLICY, None).basis is Basis.STALE_PLAN
    assert way_of(NOON, FRESH, newest).basis is Basis.NOT_WANTED


@given(st.sampled_from(Urgency), st.integers(0, 400), st.integers(0, 40))
def test_who_is_held_back_is_answered_within_the_window_and_the_hours(
    urgency: Urgency, ago: int, later: int
) -> None:
    now = NOON + timedelta(minutes=later)
    asked = facts(urgency=urgency, submitted_at=NOON - timedelta(hours=ago))
    by = plan_for().answers_by(POLICY, asked, now)
    assert by >= NOON + timedelta(minutes=POLICY.plan_every)
    assert by <= max(NOON + timedelta(minutes=POLICY.plan_every), now + timedelta(hours=24))


@pytest.mark.parametrize("name", ["scarce", "declines"])
def test_what_is_given_by_a_plan_is_what_the_engine_decided_day_for_day(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Counter[str] = Counter()
    engine = capacity_policy.decide

    def decide(market: Market, policy: Policy, rng: np.random.Generator) -> capacity_policy.Decided:
        found = engine(market, policy, rng)
        made = _given(market, policy, found)
        assert made == found.offers
        seen["offers"] += len(made)
        seen["ahead"] += found.basis is Basis.LOOK_AHEAD
        return found

    monkeypatch.setattr(capacity_policy, "decide", decide)
    scenario = replace(SCENARIOS[name], days=20, rate=6, programs=12)
    playing.play(build(scenario, 3), POLICY, 3)
    assert seen["offers"] > 50
    assert seen["ahead"] > 10


def _given(
    market: Market, policy: Policy, found: capacity_policy.Decided
) -> tuple[tuple[str, str], ...]:
    """As the running matcher does: the plan goes through the journal, and a turn follows it."""
    number = {request.id: n for n, request in enumerate(market.queue, 1)}
    made = plan_for(
        *((number[of], program) for of, program in found.offers),
        asked=tuple(number.values()),
        prices=dict(found.prices),
    )
    plan = plan_of(orjson.loads(orjson.dumps(plan_json(made))))
    queue = [replace(one, id=name_of(number[one.id])) for one in market.queue]
    free = {program.id: program.free for program in market.programs if program.open}
    result = give(free, queue, standing(plan), policy, Moment(market.now))
    order = sorted(market.queue, key=fair_order)
    return tuple(
        (one.id, program)
        for one in order
        for program in result.offers.get(name_of(number[one.id]), ())
    )
