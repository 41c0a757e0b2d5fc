"""A place goes to the first in the stated order among those who may have it, in any market."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from contracts.bodies.waiting import ORDER
from contracts.vocabulary import Urgency
from services.matcher.domain.in_turn import Asker, offers

RANK = {Urgency.CRISIS: 0, Urgency.URGENT: 1, Urgency.ROUTINE: 2}
SCORES = st.dictionaries(st.sampled_from("abc"), st.sampled_from([-20.0, 1.0, 2.5]))
QUEUES = st.lists(
    st.tuples(st.floats(20_000, 20_004), st.sampled_from(Urgency), SCORES), max_size=12
)
PLACES = st.fixed_dictionaries({name: st.integers(-1, 3) for name in "abc"})
Said = tuple[float, Urgency, dict[str, float]]


def askers(queue: list[Said]) -> list[Asker]:
    return [Asker(f"{number:02}", *said) for number, said in enumerate(queue)]


def key(asker: Asker) -> tuple[int, float, str]:
    return RANK[asker.urgency], asker.arrived, asker.id


@given(QUEUES, PLACES)
def test_nobody_waits_for_a_place_that_went_to_a_later_less_urgent_one(
    queue: list[Said], places: dict[str, int]
) -> None:
    asked = askers(queue)
    granted = dict(offers(places, asked))
    by_id = {asker.id: asker for asker in asked}
    for one in asked:
        if one.id in granted:
            continue
        for program in one.scores:
            holders = [by_id[ident] for ident, given in granted.items() if given == program]
            assert len(holders) == max(0, places[program]), "a place stayed free"
            assert all(key(holder) < key(one) for holder in holders)


@given(QUEUES, PLACES)
def test_no_place_goes_twice_and_nobody_gets_what_was_not_scored(
    queue: list[Said], places: dict[str, int]
) -> None:
    asked = askers(queue)
    made = offers(places, asked)
    scored = {asker.id: asker.scores for asker in asked}
    assert all(program in scored[asker] for asker, program in made)
    assert len(dict(made)) == len(made), "one offer each"
    taken = Counter(program for _, program in made)
    assert all(taken[program] <= max(0, free) for program, free in places.items())


@given(QUEUES, PLACES, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(
    queue: list[Said], places: dict[str, int], chance: Random
) -> None:
    asked = askers(queue)
    assert offers(places, chance.sample(asked, len(asked))) == offers(places, asked)


def test_of_two_equal_scores_the_first_by_id_is_taken_then_the_other() -> None:
    queue = askers([(1.0, Urgency.URGENT, {"b": 2.0, "a": 2.0})] * 2)
    assert offers({"a": 1, "b": 1}, queue) == [("00", "a"), ("01", "b")]


def test_the_order_that_the_api_states_is_that_of_the_turn() -> None:
    assert [word.partition(":")[0] for word in ORDER] == ["urgency", "submitted_at", "referral_id"]
    assert ORDER[0].partition(": ")[2].split(", ") == sorted(Urgency, key=RANK.__getitem__)
