"""A place goes to the first in the stated order among those who may have it, in any market."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.bodies.waiting import ORDER
from contracts.vocabulary import Urgency
from services.matcher.domain.capacity_policy import Market, Policy, Program, Request, offers

NAMES = ("a", "b", "c")
RANK = {Urgency.CRISIS: 0, Urgency.URGENT: 1, Urgency.ROUTINE: 2}
OPTIONS = st.dictionaries(st.sampled_from(NAMES), st.floats(-60, 35), max_size=3)
QUEUES = st.lists(
    st.tuples(st.floats(20_000, 20_004), st.sampled_from(Urgency), OPTIONS), max_size=12
)
PLACES = st.fixed_dictionaries({name: st.integers(-1, 3) for name in NAMES})


def market(queue: list[tuple[float, Urgency, dict[str, float]]], places: dict[str, int]) -> Market:
    asked = [Request(f"{n:02}", *said) for n, said in enumerate(queue)]
    return Market(tuple(Program(*item) for item in places.items()), tuple(asked))


def key(request: Request) -> tuple[int, float, str]:
    return RANK[request.urgency], request.arrived, request.id


@given(QUEUES, PLACES)
def test_nobody_waits_for_a_place_that_went_to_a_later_less_urgent_one(
    queue: list[tuple[float, Urgency, dict[str, float]]], places: dict[str, int]
) -> None:
    town = market(queue, places)
    granted = dict(offers(town, Policy()))
    by_id = {request.id: request for request in town.queue}
    for one in town.queue:
        if one.id in granted:
            continue
        for program in one.options:
            holders = [by_id[ident] for ident, given in granted.items() if given == program]
            assert len(holders) == max(0, places[program]), "a place stayed free"
            assert all(key(holder) < key(one) for holder in holders)


@given(QUEUES, PLACES, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(
    queue: list[tuple[float, Urgency, dict[str, float]]], places: dict[str, int], chance: object
) -> None:
    town = market(queue, places)
    mixed = list(town.queue)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert offers(Market(town.programs, tuple(mixed)), Policy()) == offers(town, Policy())


def test_the_order_that_the_api_states_is_the_policys() -> None:
    assert [word.partition(":")[0] for word in ORDER] == ["urgency", "submitted_at", "referral_id"]
    assert ORDER[0].partition(": ")[2].split(", ") == sorted(Urgency, key=RANK.__getitem__)
