"""Whom an event tells, under which id, and when a notice has gone stale."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Final
from uuid import UUID

import pytest

from contracts.bodies.notifier import NOTICE_STATES
from contracts.vocabulary import Origin, Owner, ReferralState, Sector, Side, Urgency
from services.notifier.domain.notices import (
    COORDINATOR,
    TOLD,
    Happening,
    News,
    NoticeState,
    Template,
    intents,
    is_stale,
    notice_id,
    reminder,
    reminder_at,
)
from services.notifier.domain.referral import Offer, Referral

NOW: Final = datetime(2027, 3, 1, 15, tzinfo=UTC)
OFFER: Final = Offer(
    offer_id=UUID(int=1), program_id="harbour-beds", agency_id="harbour", deadline_at=NOW
)
OTHER: Final = Offer(offer_id=UUID(int=2), program_id="other-beds", agency_id="other")
REFERRAL: Final = Referral(
    referral_id=UUID(int=9),
    reference="7QK4-M2XD",
    state=ReferralState.OFFERED,
    submitted_at=NOW,
    sector=Sector.HOUSING,
    urgency=Urgency.URGENT,
    live=(OFFER,),
)


def news(happening: Happening, referral: Referral = REFERRAL, **more: object) -> News:
    known = {"offer": OFFER, "side": Side.PROVIDER, "owner": Owner.COORDINATOR} | more
    return News(happening=happening, seq=5, referral=referral, **known)  # type: ignore[arg-type]


def told(of: News) -> set[tuple[str, str]]:
    return {(intent.recipient, intent.template.value) for intent in intents(of)}


def test_an_answer_on_behalf_is_told_to_the_agency_beside_whatever_else_it_is_news_of() -> None:
    recorded = ("harbour", "answer_recorded")
    silent = News(happening=None, seq=5, referral=REFERRAL, offer=OFFER, on_behalf=True)
    assert told(silent) == {recorded}
    returned = news(Happening.OFFER_RETURNED, on_behalf=True)
    assert told(returned) == {recorded, (COORDINATOR, "referral_returned")}


def test_each_answer_that_was_recorded_is_a_notice_of_its_own() -> None:
    first, second = (
        intents(News(happening=None, seq=seq, referral=REFERRAL, offer=OFFER, on_behalf=True))
        for seq in (5, 6)
    )
    assert first[0].notice_id != second[0].notice_id


def test_every_happening_has_its_row() -> None:
    assert set(TOLD) == set(Happening)


@pytest.mark.parametrize(
    ("happening", "urgency", "expected"),
    [
        (Happening.OFFER_MADE, Urgency.CRISIS, {("harbour", "offer_made")}),
        (Happening.OFFER_RESCINDED, Urgency.CRISIS, {("harbour", "offer_rescinded")}),
        (Happening.OFFER_LAPSED, Urgency.ROUTINE, {("harbour", "offer_lapsed")}),
        (
            Happening.OFFER_LAPSED,
            Urgency.CRISIS,
            {("harbour", "offer_lapsed"), (COORDINATOR, "crisis_lapsed")},
        ),
        (Happening.OFFER_RETURNED, Urgency.ROUTINE, {(COORDINATOR, "referral_returned")}),
        (Happening.REFERRAL_UNPLACED, Urgency.ROUTINE, {(COORDINATOR, "referral_unplaced")}),
        (Happening.REVIEW_DUE, Urgency.ROUTINE, {(COORDINATOR, "review_due")}),
    ],
)
def test_the_table_tells_whom_it_says(
    happening: Happening, urgency: Urgency, expected: set[tuple[str, str]]
) -> None:
    assert told(news(happening, replace(REFERRAL, urgency=urgency))) == expected


@pytest.mark.parametrize(
    ("holder", "by", "expected"),
    [
        (None, None, {"harbour", "other"}),
        (None, "harbour", {"other"}),
        (OTHER, None, {"other"}),
        (OTHER, "other", set()),
    ],
)
def test_an_answer_is_news_to_every_agency_that_has_the_referral_but_the_one_that_gave_it(
    holder: Offer | None, by: str | None, expected: set[str]
) -> None:
    about = replace(REFERRAL, live=() if holder else (OFFER, OTHER), holder=holder)
    found = news(Happening.FACT_ADDED, about, by_agency=by)
    assert told(found) == {(agency, "fact_added") for agency in expected}


@pytest.mark.parametrize("happening", Happening)
def test_a_record_of_the_past_tells_nobody(happening: Happening) -> None:
    past = replace(REFERRAL, origin=Origin.IMPORTED, urgency=Urgency.CRISIS)
    assert intents(news(happening, past)) == ()


def test_a_person_who_says_no_is_no_news_to_the_coordinator() -> None:
    assert intents(news(Happening.OFFER_RETURNED, side=Side.PERSON)) == ()


@pytest.mark.parametrize(
    ("owner", "live", "holder", "expected"),
    [
        (Owner.AGENCY, (), OTHER, {"other"}),
        (Owner.AGENCY, (OFFER, OTHER), None, {"harbour", "other"}),
        (Owner.AGENCY, (), None, {COORDINATOR}),
        (Owner.COORDINATOR, (OFFER,), None, {COORDINATOR}),
        (Owner.MATCHER, (), None, {COORDINATOR}),
    ],
)
def test_a_review_goes_to_whoever_owns_the_referral(
    owner: Owner, live: tuple[Offer, ...], holder: Offer | None, expected: set[str]
) -> None:
    about = replace(REFERRAL, live=live, holder=holder)
    found = intents(news(Happening.REVIEW_DUE, about, owner=owner, offer=None))
    assert {intent.recipient for intent in found} == expected


def test_an_agencys_review_names_its_own_offer() -> None:
    held = replace(REFERRAL, live=(), holder=OTHER)
    (intent,) = intents(news(Happening.REVIEW_DUE, held, owner=Owner.AGENCY, offer=None))
    assert (intent.offer_id, intent.version) == (OTHER.offer_id, "5")


def test_the_same_event_owes_the_same_notice_and_another_one_another() -> None:
    (first,) = intents(news(Happening.REVIEW_DUE))
    assert intents(news(Happening.REVIEW_DUE)) == (first,)
    (later,) = intents(replace(news(Happening.REVIEW_DUE), seq=6))
    assert later.notice_id != first.notice_id


def test_ids_differ_in_every_part() -> None:
    parts = product(
        (UUID(int=1), UUID(int=2)),
        ("harbour", COORDINATOR),
        (Template.OFFER_MADE, Template.OFFER_LAPSED),
        ("1", "2"),
    )
    assert len({notice_id(*part) for part in parts}) == 16


def test_the_id_of_a_notice_never_changes() -> None:
    found = notice_id(UUID(int=1), "harbour", Template.OFFER_MADE, "1")
    assert found == UUID("e48a544c-6d3e-5739-b0e8-0265a72925e4")


def test_a_reminder_is_the_offers_own_and_comes_half_way() -> None:
    intent = reminder(REFERRAL, OFFER)
    assert (intent.recipient, intent.template) == ("harbour", Template.OFFER_REMINDER)
    assert intent.deadline_at == NOW
    assert reminder_at(NOW, NOW + timedelta(minutes=30)) == NOW + timedelta(minutes=15)


@pytest.mark.parametrize("template", Template)
@pytest.mark.parametrize("state", ReferralState)
def test_what_goes_stale_when(template: Template, state: ReferralState) -> None:
    """Every template in every state, with the offer live and not."""
    ended = {ReferralState.CLOSED, ReferralState.WITHDRAWN, ReferralState.ENTERED_IN_ERROR}
    expected = {
        Template.OFFER_MADE: (True, False),
        Template.OFFER_REMINDER: (True, False),
        Template.REFERRAL_UNPLACED: (state != ReferralState.UNPLACED,) * 2,
        Template.REVIEW_DUE: (state in ended,) * 2,
        Template.FACT_ADDED: (True, False),
    }.get(template, (False, False))
    here = replace(REFERRAL, state=state)
    found = [
        is_stale(template, OFFER.offer_id, replace(here, live=live), None)
        for live in ((), (OFFER,))
    ]
    assert tuple(found) == expected


def test_a_newer_review_replaces_one_that_nobody_got() -> None:
    assert is_stale(Template.REVIEW_DUE, None, REFERRAL, Happening.REVIEW_DUE)
    assert not is_stale(Template.OFFER_LAPSED, None, REFERRAL, Happening.REVIEW_DUE)


def test_the_contract_names_the_states_of_a_notice() -> None:
    assert tuple(NoticeState) == NOTICE_STATES
