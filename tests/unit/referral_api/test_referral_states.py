"""The referral's state table, held against a second writing of it, over the full product."""

from itertools import product

import pytest

from contracts.problems import ConflictError
from contracts.vocabulary import CoarseStatus, Owner, ReferralState
from services.referral_api.domain.referral import (
    COARSE_STATUS,
    FHIR_SERVICE_REQUEST,
    OPEN,
    OWNER_OF,
    REVIEWED,
    SEEKING,
    TABLE,
    Step,
    advance,
)

# Each step with the states that allow it, by first letters, and the state that follows.
LETTERS = {
    "R": ReferralState.ROUTING,
    "O": ReferralState.OFFERED,
    "W": ReferralState.WAITLISTED,
    "U": ReferralState.UNPLACED,
    "A": ReferralState.ACCEPTED,
    "C": ReferralState.CLOSED,
    "X": ReferralState.WITHDRAWN,
    "E": ReferralState.ENTERED_IN_ERROR,
}
EXPECTED = {
    Step.OFFER: ("RWU", "O"),
    Step.WAITLIST: ("RWU", "W"),
    Step.UNPLACE: ("RWU", "U"),
    Step.HOLD: ("RWU", "R"),
    Step.RETRY: ("RWUO", "R"),
    Step.CORRECT: ("RWUO", "R"),
    Step.ADD_FACTS: ("RWU", "R"),
    Step.PLACE: ("RWU", "R"),
    Step.REROUTE: ("WU", "R"),
    Step.ACCEPT: ("O", "A"),
    Step.RETURN: ("A", "R"),
    Step.CLOSE: ("UA", "C"),
    Step.CLOSE_FOR_PERSON: ("RWUOA", "C"),
    Step.WITHDRAW: ("RWUOA", "X"),
    Step.ENTER_IN_ERROR: ("RWUOACX", "E"),
}


@pytest.mark.parametrize(("state", "step"), [*product(ReferralState, Step)])
def test_every_state_allows_exactly_the_steps_written_down(
    state: ReferralState, step: Step
) -> None:
    allowed, target = EXPECTED[step]
    if state in {LETTERS[letter] for letter in allowed}:
        assert advance(state, step) is LETTERS[target]
    else:
        with pytest.raises(ConflictError, match=step.value.replace("_", " ")):
            advance(state, step)


def test_an_ended_referral_never_opens_again() -> None:
    ended = set(ReferralState) - set(OPEN)
    assert {TABLE[key] for key in TABLE if key[0] in ended} == {ReferralState.ENTERED_IN_ERROR}


def test_every_open_state_can_be_reached_and_left() -> None:
    reached = {ReferralState.ROUTING} | {
        after for (before, _), after in TABLE.items() if after is not before
    }
    left = {before for (before, _), after in TABLE.items() if after is not before}
    assert reached == set(ReferralState)
    assert set(OPEN) <= left


def test_the_person_can_end_a_referral_in_every_open_state() -> None:
    for state in OPEN:
        assert advance(state, Step.WITHDRAW) is ReferralState.WITHDRAWN
        assert advance(state, Step.CLOSE_FOR_PERSON) is ReferralState.CLOSED


def test_every_open_state_has_an_owner_and_no_other_has() -> None:
    assert set(OWNER_OF) == set(OPEN)
    assert OWNER_OF[ReferralState.UNPLACED] is Owner.COORDINATOR


def test_every_open_state_but_offered_has_a_review_timer() -> None:
    assert set(REVIEWED) == set(OPEN) - {ReferralState.OFFERED}
    assert set(SEEKING) == set(REVIEWED) - {ReferralState.ACCEPTED}


def test_every_state_has_its_names_outside() -> None:
    assert set(FHIR_SERVICE_REQUEST) == set(COARSE_STATUS) == set(ReferralState)


def test_an_officer_cannot_tell_a_no_from_waiting() -> None:
    waiting = {COARSE_STATUS[state] for state in (*SEEKING, ReferralState.OFFERED)}
    assert waiting == {CoarseStatus.RECEIVED}


def test_a_conflict_names_no_more_than_the_caller_may_know() -> None:
    with pytest.raises(ConflictError, match="that is closed does"):
        advance(ReferralState.WITHDRAWN, Step.WITHDRAW, CoarseStatus.CLOSED)
    with pytest.raises(ConflictError, match="that is withdrawn does"):
        advance(ReferralState.WITHDRAWN, Step.WITHDRAW)
