"""The worklist's tables: what brings a reason and what ends it, and what a coordinator can do."""

import pytest

from contracts.vocabulary import (
    AnswerStep,
    Attention,
    OfferState,
    ReferralState,
    WorklistStep,
)
from services.referral_api.domain import offer, referral
from services.referral_api.domain.attention import (
    OF_STATE,
    STALLING,
    STANDS_IN,
    brought_by,
    ended_by,
)
from services.referral_api.domain.referral import OPEN, OWNER_OF, Step
from services.referral_api.domain.worklist import ANSWERS_OF, STEPS_OF, can, can_answer

ENDED = set(ReferralState) - set(OPEN)


def test_every_reason_says_what_ends_it() -> None:
    assert set(STANDS_IN) == set(Attention)


@pytest.mark.parametrize("why", sorted(set(Attention) - {Attention.HOLDER_SILENT}))
def test_a_referral_that_ended_needs_nobody(why: Attention) -> None:
    assert all(ended_by([why], state) == [why] for state in ENDED)


def test_what_a_holder_owes_after_a_revocation_outlasts_the_referral() -> None:
    assert all(ended_by([Attention.HOLDER_SILENT], state) == [] for state in ReferralState)


@pytest.mark.parametrize("why", [Attention.CRISIS_LAPSED, Attention.RETURNED])
def test_only_a_program_ends_what_a_program_failed_at(why: Attention) -> None:
    sought = set(OPEN) - {ReferralState.ACCEPTED}
    assert all(ended_by([why], state) == [] for state in sought)
    assert ended_by([why], ReferralState.ACCEPTED) == [why]


@pytest.mark.parametrize("state", ReferralState)
def test_any_step_ends_a_standstill(state: ReferralState) -> None:
    assert ended_by([Attention.STALLED], state) == [Attention.STALLED]


def test_a_closed_agencys_people_stay_listed_until_somebody_else_has_them() -> None:
    assert ended_by([Attention.AGENCY_CLOSED], ReferralState.ACCEPTED) == []
    assert ended_by([Attention.AGENCY_CLOSED], ReferralState.ROUTING) == [Attention.AGENCY_CLOSED]


@pytest.mark.parametrize(("state", "why"), OF_STATE.items())
def test_a_state_brings_its_own_reason_and_takes_it_along(
    state: ReferralState, why: Attention
) -> None:
    assert brought_by(Step.UNPLACE, state) == [why]
    assert all(ended_by([why], other) == [why] for other in set(ReferralState) - {state})


def test_every_state_that_the_coordinator_owns_is_in_the_list() -> None:
    assert set(OF_STATE) == {state for state, owner in OWNER_OF.items() if owner == "coordinator"}


def test_every_other_state_with_a_review_can_stall() -> None:
    assert {*OF_STATE, *STALLING} == set(referral.REVIEWED)


def test_a_return_is_listed_wherever_it_leads() -> None:
    after = referral.TABLE[ReferralState.ACCEPTED, Step.RETURN]
    assert brought_by(Step.RETURN, after) == [Attention.RETURNED]


@pytest.mark.parametrize("state", ReferralState)
def test_what_can_be_done_is_what_the_state_table_allows(state: ReferralState) -> None:
    allowed = {step for at, step in referral.TABLE if at is state}
    for name in STEPS_OF:
        assert (name in can(state)) is bool(allowed.intersection(STEPS_OF[name]))


def test_a_double_can_be_settled_where_there_is_one() -> None:
    step, accepted = WorklistStep.SETTLE_DUPLICATE, ReferralState.ACCEPTED
    assert step not in can(accepted, [Attention.STALLED])
    assert can(accepted, [Attention.DUPLICATE]) == [*can(accepted), step]


@pytest.mark.parametrize("state", OfferState)
def test_what_can_be_answered_is_what_the_offers_table_allows(state: OfferState) -> None:
    allowed = {step for at, step in offer.TABLE if at is state}
    moves = {name for name in can_answer(state) if name is not AnswerStep.CONTACT}
    assert {ANSWERS_OF[name] for name in moves} == allowed & set(ANSWERS_OF.values())
    assert (AnswerStep.CONTACT in can_answer(state)) is (state in offer.HOLDING)


def test_every_step_has_its_rows() -> None:
    assert {*STEPS_OF, WorklistStep.SETTLE_DUPLICATE} == set(WorklistStep)
    assert {*ANSWERS_OF, AnswerStep.CONTACT} == set(AnswerStep)
