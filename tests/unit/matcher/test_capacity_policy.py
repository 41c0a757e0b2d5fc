"""Who gets which place: urgency, age, score, and always the same."""

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Urgency
from services.matcher.domain.capacity_policy import Market, Policy, Program, Request, offers

NAMES = ("a", "b", "c")
FREE = st.lists(st.integers(-1, 3), min_size=3, max_size=3)
OPTIONS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([1.0, 2.0, 2.5]))
QUEUES = st.lists(
    st.tuples(st.sampled_from([1.0, 2.0]), st.sampled_from(Urgency), OPTIONS), max_size=8
)


def market(free: list[int], queue: list[tuple[float, Urgency, dict[str, float]]]) -> Market:
    programs = tuple(Program(name, places) for name, places in zip(NAMES, free, strict=True))
    requests = (Request(f"r{number}", *row) for number, row in enumerate(queue))
    return Market(programs, tuple(requests))


@given(FREE, QUEUES, st.integers(1, 3))
def test_no_place_goes_twice_and_nobody_gets_what_is_no_option(
    free: list[int], queue: list[tuple[float, Urgency, dict[str, float]]], parallel: int
) -> None:
    scene = market(free, queue)
    made = offers(scene, Policy(parallel=parallel))
    wishes = {request.id: request.options for request in scene.queue}
    assert all(program in wishes[request] for request, program in made)
    assert len(set(made)) == len(made)
    given_out = Counter(program for _, program in made)
    assert all(given_out[p.id] <= max(0, p.free) for p in scene.programs)
    assert all(n <= parallel for n in Counter(request for request, _ in made).values())


@given(FREE, QUEUES)
def test_who_gets_nothing_has_no_option_that_is_left(
    free: list[int], queue: list[tuple[float, Urgency, dict[str, float]]]
) -> None:
    scene = market(free, queue)
    made = offers(scene, Policy())
    given_out = Counter(program for _, program in made)
    left = {p.id for p in scene.programs if p.free > given_out[p.id]}
    served = {request for request, _ in made}
    assert all(not left & r.options.keys() for r in scene.queue if r.id not in served)


@given(FREE, QUEUES, st.randoms())
def test_the_order_in_which_a_market_is_written_down_does_not_matter(
    free: list[int], queue: list[tuple[float, Urgency, dict[str, float]]], chance: Random
) -> None:
    scene = market(free, queue)
    shuffled = Market(
        tuple(chance.sample(scene.programs, len(scene.programs))),
        tuple(chance.sample(scene.queue, len(scene.queue))),
    )
    assert offers(shuffled, Policy()) == offers(scene, Policy())


def test_a_crisis_comes_before_an_older_routine_request() -> None:
    queue = [(1.0, Urgency.ROUTINE, {"a": 9.0}), (2.0, Urgency.CRISIS, {"a": 1.0})]
    assert offers(market([1, 0, 0], queue), Policy()) == [("r1", "a")]


def test_of_two_equal_scores_the_first_by_id_is_taken_then_the_other() -> None:
    queue = [(1.0, Urgency.URGENT, {"b": 2.0, "a": 2.0})] * 2
    assert offers(market([1, 1, 0], queue), Policy()) == [("r0", "a"), ("r1", "b")]


def test_parallel_offers_go_to_the_best_first() -> None:
    queue = [(1.0, Urgency.URGENT, {"a": 1.0, "b": 3.0, "c": 2.0})]
    assert offers(market([1, 1, 1], queue), Policy(parallel=2)) == [("r0", "b"), ("r0", "c")]


@given(FREE, QUEUES, st.integers(1, 3))
def test_a_protected_need_is_offered_to_one_program_at_a_time_whatever_the_policy(
    free: list[int], queue: list[tuple[float, Urgency, dict[str, float]]], parallel: int
) -> None:
    scene = market(free, queue)
    alone = Market(scene.programs, tuple(replace(r, alone=True) for r in scene.queue))
    made = Counter(request for request, _ in offers(alone, Policy(parallel=parallel)))
    assert all(count == 1 for count in made.values())
