"""The offer's state table, held against a second writing of it, and its names outside."""

from itertools import product

import pytest

from contracts.problems import ConflictError
from contracts.vocabulary import OfferState, Reason, Side
from services.referral_api.domain.offer import (
    FHIR_TASK,
    HOLDING,
    LIVE,
    UNENDED,
    Step,
    advance,
    findhelp_status,
    hud_result,
)

EXPECTED = {
    Step.ACKNOWLEDGE: ({"open"}, "acknowledged"),
    Step.ACCEPT: ({"open", "acknowledged"}, "accepted"),
    Step.DECLINE: ({"open", "acknowledged", "accepted", "engaged"}, "declined"),
    Step.LAPSE: ({"open", "acknowledged"}, "lapsed"),
    Step.ENGAGE: ({"accepted"}, "engaged"),
    Step.COMPLETE: ({"accepted", "engaged"}, "completed"),
    Step.NOT_SERVE: ({"accepted", "engaged"}, "not_served"),
    Step.RESCIND: ({"open", "acknowledged", "accepted", "engaged"}, "rescinded"),
}


@pytest.mark.parametrize(("state", "step"), [*product(OfferState, Step)])
def test_every_state_allows_exactly_the_steps_written_down(state: OfferState, step: Step) -> None:
    allowed, target = EXPECTED[step]
    if state in allowed:
        assert advance(state, step) == target
    else:
        with pytest.raises(ConflictError, match=state.replace("_", " ")):
            advance(state, step)


def test_live_and_holding_offers_are_all_that_have_not_ended() -> None:
    assert set(LIVE).isdisjoint(HOLDING)
    movable = {state for state, step in product(OfferState, Step) if state in EXPECTED[step][0]}
    assert set(UNENDED) == movable


def test_every_state_has_a_fhir_task_status_and_a_findhelp_one() -> None:
    assert set(FHIR_TASK) == set(OfferState)
    assert all(findhelp_status(state) for state in OfferState)


@pytest.mark.parametrize(
    ("state", "side", "result"),
    [
        (OfferState.OPEN, None, None),
        (OfferState.ACCEPTED, None, None),
        (OfferState.ENGAGED, None, 1),
        (OfferState.COMPLETED, None, 1),
        (OfferState.DECLINED, Side.PERSON, 2),
        (OfferState.DECLINED, Side.PROVIDER, 3),
        (OfferState.NOT_SERVED, Side.PERSON, 2),
        (OfferState.NOT_SERVED, Side.PROVIDER, 3),
        (OfferState.LAPSED, None, 3),
        (OfferState.RESCINDED, None, None),
    ],
)
def test_hud_counts_enrolment_and_tells_the_sides_apart(
    state: OfferState, side: Side | None, result: int | None
) -> None:
    assert hud_result(state, side) == result


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        (OfferState.DECLINED, Reason.NOT_ELIGIBLE, "Not eligible"),
        (OfferState.DECLINED, Reason.NO_CAPACITY, "No capacity"),
        (OfferState.NOT_SERVED, Reason.UNABLE_TO_CONTACT, "Couldn't contact"),
        (OfferState.NOT_SERVED, Reason.DISENGAGED, "Couldn't get help"),
        (OfferState.COMPLETED, None, "Got help"),
    ],
)
def test_findhelp_tells_some_reasons_apart(
    state: OfferState, reason: Reason | None, said: str
) -> None:
    assert findhelp_status(state, reason) == said
