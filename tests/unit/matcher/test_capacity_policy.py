"""Who gets which place: the invariants of any market, and that holding back pays."""

from collections import Counter
from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.vocabulary import Urgency
from services.matcher.domain import group_service
from services.matcher.domain.capacity_policy import (
    Basis,
    Decided,
    Market,
    Policy,
    Program,
    Request,
    decide,
    offers,
)
from services.matcher.domain.draft import Draft

NAMES = ("a", "b", "c")
RANK = {Urgency.CRISIS: 0, Urgency.URGENT: 1, Urgency.ROUTINE: 2}
WINDOWS = {Urgency.CRISIS: 1.0, Urgency.URGENT: 3.0, Urgency.ROUTINE: 14.0}
PROGRAMS = st.lists(
    st.builds(
        lambda free, is_open, days: (free, is_open, (1.0,) * days),
        st.integers(0, 3),
        st.booleans(),
        st.integers(1, 9),
    ),
    min_size=3,
    max_size=3,
)
OPTIONS = st.dictionaries(
    st.sampled_from((*NAMES, "gone")),
    st.tuples(st.sampled_from([0.5, 1.0, 3.0]), st.sampled_from([0.3, 0.5, 1.0])),
)
ASKED = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from(Urgency), OPTIONS), max_size=8
)
POLICIES = st.builds(
    Policy,
    hold_back=st.booleans(),
    parallel=st.integers(1, 3),
    even_out=st.sampled_from([0.0, 1.0]),
    most_expected=st.sampled_from([5, 5000]),
    most_pivots=st.sampled_from([0, 200_000]),
)
Said = tuple[float, Urgency, dict[str, tuple[float, float]]]
Stated = tuple[int, bool, tuple[float, ...]]
NOW = 100.0


def request(number: int, said: Said, **changes: object) -> Request:
    waited, urgency, options = said
    made = Request(
        f"r{number:03}", NOW - waited, WINDOWS[urgency], urgency, options, parallel=number % 3 + 1
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def market(programs: list[Stated], queue: list[Said], past: list[Said]) -> Market:
    """A market whose past repeats the same requests for five weeks."""
    before = [
        request(1000 * day + number, said, arrived=NOW - day, served=bool(number % 2))
        for day in range(35)
        for number, said in enumerate(past)
    ]
    return Market(
        now=NOW,
        programs=[
            Program(name, places + 1, places, is_open, stays)
            for name, (places, is_open, stays) in zip(NAMES, programs, strict=True)
        ],
        occupied=[(name, 1.0) for name in NAMES],
        queue=[request(number, said) for number, said in enumerate(queue)],
        past=before,
    )


def decided(scene: Market, policy: Policy) -> Decided:
    return decide(scene, policy, np.random.Generator(np.random.PCG64(7)))


ANY = given(PROGRAMS, ASKED, ASKED, POLICIES)
FEW = settings(max_examples=25, deadline=None)


@FEW
@ANY
def test_no_place_goes_twice_and_nobody_gets_what_is_no_option(
    programs: list[Stated], queue: list[Said], past: list[Said], policy: Policy
) -> None:
    scene = market(programs, queue, past)
    made = decided(scene, policy).offers
    asked = {one.id: one for one in scene.queue}
    free = {program.id: program.free for program in scene.programs if program.open}
    assert all(program in asked[ident].options for ident, program in made)
    assert len(set(made)) == len(made)
    assert all(n <= free.get(name, 0) for name, n in Counter(name for _, name in made).items())
    each = Counter(ident for ident, _ in made)
    assert all(n <= min(policy.parallel, asked[ident].parallel) for ident, n in each.items())


@FEW
@ANY
def test_offers_are_told_most_urgent_first_then_oldest_and_those_of_one_request_together(
    programs: list[Stated], queue: list[Said], past: list[Said], policy: Policy
) -> None:
    scene = market(programs, queue, past)
    asked = {one.id: one for one in scene.queue}
    told = [asked[ident] for ident, _ in decided(scene, policy).offers]
    assert told == sorted(told, key=lambda one: (RANK[one.urgency], one.arrived, one.id))


@FEW
@ANY
def test_a_crisis_never_waits_for_a_place_that_is_left_and_is_never_held_back(
    programs: list[Stated], queue: list[Said], past: list[Said], policy: Policy
) -> None:
    scene = market(programs, queue, past)
    found = decided(scene, policy)
    taken = Counter(name for _, name in found.offers)
    left = {p.id for p in scene.programs if p.open and p.free > taken[p.id]}
    offered = {ident for ident, _ in found.offers}
    for one in scene.queue:
        if one.urgency is Urgency.CRISIS and one.id not in offered:
            assert not left & one.options.keys()
            assert one.id not in found.held


@FEW
@ANY
def test_only_a_plan_holds_back_and_whoever_is_held_has_no_offer(
    programs: list[Stated], queue: list[Said], past: list[Said], policy: Policy
) -> None:
    found = decided(market(programs, queue, past), policy)
    assert found.basis is Basis.LOOK_AHEAD or not found.held
    assert not {ident for ident, _ in found.offers} & set(found.held)


@FEW
@given(PROGRAMS, ASKED, ASKED, POLICIES, st.randoms(use_true_random=False))
def test_the_order_in_which_a_market_is_written_down_does_not_matter(
    programs: list[Stated], queue: list[Said], past: list[Said], policy: Policy, chance: Random
) -> None:
    scene = market(programs, queue, past)
    mixed = replace(
        scene,
        programs=chance.sample(scene.programs, 3),
        queue=chance.sample(scene.queue, len(scene.queue)),
        past=chance.sample(scene.past, len(scene.past)),
    )
    assert repr(decided(mixed, policy)) == repr(decided(scene, policy))


def shelter(day: int, free: int, occupied: list[float], past: list[Request]) -> Market:
    """Two beds for two nights each; every day brings one crisis, and three who can wait."""
    bed = Program("bed", 2, free, open=True, stays=(1.0, 1.0, 0.0))
    return Market(day, [bed], [("bed", elapsed) for elapsed in occupied], [], past)


def arrivals(day: int) -> list[Request]:
    wants = {"bed": (1.0, 1.0)}
    rest = [Request(f"{day}-{n}", day, 1.0, Urgency.ROUTINE, wants) for n in range(3)]
    return [Request(f"{day}-x", day, 0.0, Urgency.CRISIS, {"bed": (3.0, 1.0)}), *rest]


def fortnight(policy: Policy) -> tuple[float, set[Basis]]:
    """The value of two weeks' starts, and what they were decided on."""
    past = [one for day in range(-28, 0) for one in arrivals(day)]
    stays: list[float] = []
    worth, seen = 0.0, set()
    for day in range(14):
        stays = [elapsed + 1 for elapsed in stays if elapsed < 1]
        today = arrivals(day)
        past += today
        scene = replace(shelter(day, 2 - len(stays), stays, past), queue=today)
        found = decided(scene, policy)
        values = {one.id: one.options["bed"][0] for one in today}
        worth += sum(values[ident] for ident, _ in found.offers)
        stays += [0.0] * len(found.offers)
        seen.add(found.basis)
    return worth, seen


def test_holding_a_bed_back_for_the_crises_that_come_every_day_earns_half_as_much_again() -> None:
    daily, plainly = fortnight(Policy(hold_back=False))
    ahead, planned = fortnight(Policy())
    assert (plainly, planned) == ({Basis.NOT_WANTED}, {Basis.LOOK_AHEAD})
    assert ahead >= 1.4 * daily


def test_whoever_is_passed_over_for_an_expected_crisis_is_held_and_not_without_capacity() -> None:
    past = [one for day in range(-28, 1) for one in arrivals(day)]
    scene = replace(shelter(0, 1, [0.0], past), queue=arrivals(0)[1:])
    found = decided(scene, Policy())
    assert found.offers == ()
    assert found.held == ("0-0", "0-1", "0-2")
    assert found.prices["bed"] >= 1.0


def test_a_past_of_a_week_is_too_little_to_plan_on_and_the_decision_says_so() -> None:
    past = [one for day in range(-7, 1) for one in arrivals(day)]
    found = decided(replace(shelter(0, 1, [0.0], past), queue=arrivals(0)[1:]), Policy())
    assert found.basis is Basis.TOO_LITTLE_HISTORY
    assert found.offers == (("0-0", "bed"),)


def test_where_the_solver_gives_up_everybody_takes_what_is_best_and_the_decision_says_so() -> None:
    wants = [{"a": (1.0, 1.0), "b": (0.9, 1.0)}, {"a": (2.0, 1.0), "b": (0.5, 1.0)}]
    said: list[Said] = [(0.0, Urgency.URGENT, options) for options in wants * 2]
    scene = market([(1, True, (1.0,) * 9), (2, True, (1.0,) * 9), (0, True, (1.0,))], said, said)
    found = decided(scene, Policy(most_pivots=0, parallel=1))
    assert found.basis is Basis.NO_PLAN
    assert found.offers[0] == ("r000", "a"), "the first of equals, not the best of all"


def test_daily_assignment_makes_the_most_of_todays_places() -> None:
    wants = [{"a": (1.0, 1.0), "b": (0.9, 1.0)}, {"a": (2.0, 1.0), "b": (0.5, 1.0)}]
    said: list[Said] = [(0.0, Urgency.URGENT, options) for options in wants]
    scene = market([(1, True, (1.0,)), (1, True, (1.0,)), (0, True, (1.0,))], said, [])
    assert decided(scene, Policy(hold_back=False)).offers == (("r000", "b"), ("r001", "a"))


def test_whoever_waits_longer_than_the_window_is_not_forgotten() -> None:
    late = Request("late", NOW - 30, 3.0, Urgency.URGENT, {"a": (1.0, 1.0)})
    scene = replace(market([(1, True, (1.0,))] * 3, [], []), queue=[late])
    for policy in (Policy(hold_back=False), Policy()):
        assert decided(scene, policy).offers == (("late", "a"),)


def test_no_place_is_offered_to_somebody_whom_it_would_do_no_good() -> None:
    options = {"a": (0.0, 1.0), "b": (float("nan"), 1.0), "c": (1.0, 0.0)}
    crisis = Request("r", NOW, 1.0, Urgency.CRISIS, options, parallel=3)
    scene = replace(market([(1, True, (1.0,))] * 3, [], []), queue=[crisis])
    assert decided(scene, Policy(hold_back=False)).offers == ()


def test_a_crisis_that_costs_others_more_is_not_sent_where_a_yes_is_unlikely() -> None:
    options = {"a": (1.0, 0.9), "b": (1.0, 0.2)}
    crisis = Request("r", NOW, 1.0, Urgency.CRISIS, options)
    draft = Draft(NOW, 0.3, price={"a": 2.0, "b": 2.0}, left={"a": 1, "b": 1})
    draft.place_at_once([crisis])
    assert draft.given == {"r": ["a"]}


def test_a_second_offer_goes_out_where_a_refusal_would_come_too_late() -> None:
    wants = {"a": (3.0, 0.5), "b": (2.0, 0.5)}
    crisis = Request("r", NOW, 1.0, Urgency.CRISIS, wants, parallel=2)
    scene = replace(market([(1, True, (1.0,))] * 3, [], []), queue=[crisis])
    rng = np.random.Generator(np.random.PCG64(1))
    assert offers(scene, Policy(hold_back=False), rng) == [("r", "a"), ("r", "b")]
    alone = replace(scene, queue=[replace(crisis, parallel=1)])
    assert offers(alone, Policy(hold_back=False), rng) == [("r", "a")]


def test_the_controller_prefers_a_group_that_lags_and_only_where_it_is_turned_on() -> None:
    lagging = frozenset({"access"})
    before = [
        request(
            n,
            (1.0, Urgency.ROUTINE, {}),
            groups=lagging if n % 2 else frozenset(),
            served=n % 2 == 0 or n % 4 == 1,
        )
        for n in range(200)
    ]
    wants = {"a": (1.0, 1.0)}
    first = Request("first", NOW, 14.0, Urgency.ROUTINE, {"a": (1.1, 1.0)})
    second = Request("second", NOW, 14.0, Urgency.ROUTINE, wants, groups=lagging)
    scene = market([(1, True, (1.0,)), (0, True, (1.0,)), (0, True, (1.0,))], [], [])
    scene = replace(scene, queue=[first, second], past=before)
    assert decided(scene, Policy(hold_back=False)).offers == (("first", "a"),)
    assert decided(scene, Policy(hold_back=False, even_out=1.0)).offers == (("second", "a"),)


def test_whoever_is_of_several_groups_that_are_ahead_still_counts() -> None:
    ahead = frozenset({"access", "remote", "language"})
    boost = dict.fromkeys(ahead, -0.5)
    asks = Request("crisis", NOW, 1.0, Urgency.CRISIS, {"a": (3.0, 1.0)}, groups=ahead)
    (boosted,) = group_service.boosted([asks], boost)
    assert boosted.options == {"a": (1.5, 1.0)}


def test_a_plan_of_one_week_needs_no_more_history_than_it_says() -> None:
    said = (1.0, Urgency.ROUTINE, {"a": (1.0, 1.0)})
    scene = market([(2, True, (1.0,)), *[(0, True, (1.0,))] * 2], [said], [said])
    found = decided(scene, Policy(look_ahead=7, least_history=14))
    assert found.basis is not Basis.TOO_LITTLE_HISTORY
