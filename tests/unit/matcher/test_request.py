"""What a snapshot does to a request: places held, answers kept, acceptances known."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Accommodation, Urgency
from services.matcher.domain.request import (
    Answer,
    Hold,
    Holder,
    Request,
    Seen,
    learn,
    seen_json,
    seen_of,
)
from tests.unit.matcher.samples import NOON, facts

OFFER = UUID(int=7)


def seen(**changes: Any) -> Seen:
    values: dict[str, Any] = {"facts": facts(), "attempt": 1} | changes
    return Seen(referral_id=UUID(int=1), at=NOON, **values)


def routed(*programs: str) -> Request:
    holds = tuple(Hold(program, 1) for program in programs)
    return replace(learn(None, seen()), answered=Answer.ROUTED, decision_number=1, holds=holds)


def test_a_place_is_kept_while_its_own_attempt_is_open() -> None:
    assert learn(routed("a"), seen()).holds == (Hold("a", 1),)
    assert learn(routed("a"), seen(attempt=2)).holds == ()
    assert learn(routed("a"), seen(attempt=None)).holds == ()


def test_a_live_offer_takes_the_place_over_and_gives_it_back() -> None:
    live = seen(attempt=None, live=(Hold("a", 1, OFFER),))
    offered = learn(routed("a", "b"), live)
    assert offered.holds == (Hold("a", 1, OFFER),)
    assert learn(offered, seen(attempt=None)).holds == ()
    assert learn(offered, seen(attempt=1)).holds == ()


def test_a_live_offer_holds_a_place_that_was_never_granted() -> None:
    live = seen(attempt=None, live=(Hold("a", 2, OFFER),))
    assert learn(None, live).holds == (Hold("a", 2, OFFER),)


def test_a_place_beyond_capacity_keeps_its_mark_through_offer_holder_and_journal() -> None:
    beyond = Hold("a", 2, OFFER, over_capacity=True)
    live = seen(attempt=None, live=(beyond,), holder=Holder("b", NOON, over_capacity=True))
    assert learn(routed("a"), live).holds == (beyond,)
    assert seen_of(orjson.loads(orjson.dumps(seen_json(live)))) == live


def test_a_journal_from_before_the_mark_reads_as_within_the_stated_places() -> None:
    live = seen(attempt=None, live=(Hold("a", 1, OFFER),), holder=Holder("b", NOON))
    older = orjson.loads(orjson.dumps(seen_json(live)))
    for entry in (*older["live"], older["holder"]):
        del entry["over_capacity"]
    assert seen_of(older) == live


def test_the_answer_stands_while_attempt_and_facts_do() -> None:
    waiting = replace(learn(None, seen()), answered=Answer.WAITLISTED, decision_number=3)
    same = learn(waiting, seen(excluded=("b",)))
    assert (same.answered, same.decision_number) == (Answer.WAITLISTED, 3)
    asked_anew = learn(waiting, seen(facts=facts(urgency=Urgency.CRISIS)))
    assert (asked_anew.answered, asked_anew.decision_number) == (None, 3)
    by_hand = learn(waiting, seen(hand="a"))
    assert by_hand.answered is None
    next_one = learn(waiting, seen(attempt=2))
    assert (next_one.answered, next_one.decision_number) == (None, 0)


def test_an_attempt_that_was_routed_stays_so_whatever_changes() -> None:
    changed = learn(routed("a"), seen(facts=facts(age=40)))
    assert (changed.answered, changed.open) == (Answer.ROUTED, False)


def test_a_request_is_open_from_its_attempt_to_its_routing() -> None:
    assert learn(None, seen()).open
    assert not routed("a").open
    assert not learn(routed("a"), seen(attempt=None)).open
    assert learn(routed("a"), seen(attempt=2)).open


NAMES = st.sets(st.sampled_from(["a", "b"])).map(lambda found: tuple(sorted(found)))
SNAPSHOTS = st.builds(
    seen,
    attempt=st.none() | st.integers(1, 3),
    hand=st.none() | st.just("a"),
    excluded=NAMES,
    live=NAMES.map(lambda names: tuple(Hold(name, 1, OFFER) for name in names)),
    holder=st.none() | st.just(Holder("b", NOON)),
    facts=st.builds(
        facts,
        age=st.none() | st.integers(0, 120),
        accommodations=st.sets(st.sampled_from(Accommodation)).map(tuple),
        preferred=NAMES,
    ),
)


@given(st.lists(SNAPSHOTS, min_size=1))
def test_a_snapshot_that_is_taken_twice_changes_nothing_the_second_time(
    story: list[Seen],
) -> None:
    request = None
    for snapshot in story:
        request = learn(request, snapshot)
        assert learn(request, snapshot) == request
        assert {hold.program_id for hold in snapshot.live} <= {h.program_id for h in request.holds}
        assert request.holder == snapshot.holder


@given(SNAPSHOTS)
def test_a_snapshot_survives_the_journal(snapshot: Seen) -> None:
    assert seen_of(orjson.loads(orjson.dumps(seen_json(snapshot)))) == snapshot
