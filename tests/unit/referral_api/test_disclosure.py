"""Disclosure: bands before acceptance, the person after it, and no more than was agreed."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.problems import ConflictError
from contracts.questions import EligibilityCode, Question
from contracts.vocabulary import (
    AgeBand,
    ConsentScope,
    ConsentStatus,
    EntryDoor,
    Need,
    OfferState,
    Urgency,
)
from services.referral_api.domain import disclosure
from services.referral_api.domain.facts import Facts
from services.referral_api.domain.offer import UNENDED

GIVEN = ConsentStatus.GIVEN
WHOLE = disclosure.Openness(GIVEN, ConsentScope.ALL_STATED)
BRIEF = disclosure.Openness(GIVEN, ConsentScope.CONTACT_AND_NEED)
FACTS = Facts(
    need=Need.EMERGENCY_SHELTER,
    urgency=Urgency.URGENT,
    entry_door=EntryDoor.COMMUNITY,
    language="es",
    age=34,
    household_size=2,
    cell="87275b610ffffff",
    preferred=("near-beds",),
    avoided=("grim-beds",),
)
PROTECTED = Facts(
    need=Need.DOMESTIC_VIOLENCE_SHELTER, urgency=Urgency.CRISIS, avoided=("grim-beds",)
)
SAID: dict[str, Any] = {"name": "Robin", "note": "a note", "age": 34, "entry_door": "community"}


def test_an_offer_shows_a_band_and_neither_age_nor_place_nor_wishes() -> None:
    shown = disclosure.in_offer(FACTS, OfferState.OPEN, WHOLE)
    assert shown["age_band"] is AgeBand.FROM_25_TO_44
    assert set(shown) == {
        "age_band",
        "language",
        "household_size",
        "accommodations",
        "also_speaks",
        "eligibility",
        "questions",
    }


def told(shown: dict[str, Any]) -> set[str]:
    """The names of what says something."""
    return {name for name, value in shown.items() if value not in (None, (), [], AgeBand.UNKNOWN)}


@pytest.mark.parametrize("state", OfferState)
def test_an_offer_of_a_protected_need_shows_nothing_of_the_person(state: OfferState) -> None:
    assert told(disclosure.in_offer(PROTECTED, state, WHOLE)) == set()


@pytest.mark.parametrize("state", OfferState)
def test_facts_are_shown_while_the_offer_has_not_ended(state: OfferState) -> None:
    shown = told(disclosure.in_offer(FACTS, state, WHOLE))
    assert shown == ({"age_band", "language", "household_size"} if state in UNENDED else set())


def test_the_holder_reads_every_field_that_was_agreed_to() -> None:
    shown = disclosure.after_acceptance(SAID, ConsentScope.ALL_STATED)
    assert set(shown) == {*disclosure.PERSON_FIELDS, "facts"}
    assert (shown["name"], shown["note"], shown["phone"]) == ("Robin", "a note", None)
    assert shown["accommodations"] == []


def test_consent_to_contact_and_need_hides_the_note() -> None:
    shown = disclosure.after_acceptance(SAID, ConsentScope.CONTACT_AND_NEED)
    assert (shown["name"], shown["note"]) == ("Robin", None)


@pytest.mark.parametrize("state", OfferState)
def test_only_an_accepted_or_engaged_offer_opens_the_person(state: OfferState) -> None:
    if state in {OfferState.ACCEPTED, OfferState.ENGAGED}:
        disclosure.check_may_read(state, GIVEN)
    else:
        with pytest.raises(ConflictError, match=state):
            disclosure.check_may_read(state, GIVEN)


@pytest.mark.parametrize("status", sorted(set(ConsentStatus) - {GIVEN}))
def test_no_other_consent_than_a_given_one_opens_or_shows_anything(status: ConsentStatus) -> None:
    with pytest.raises(ConflictError, match="consent"):
        disclosure.check_may_read(OfferState.ACCEPTED, status)
    over = disclosure.Openness(status, ConsentScope.ALL_STATED)
    assert told(disclosure.in_offer(FACTS, OfferState.ACCEPTED, over)) == set()


ANSWERED = replace(
    FACTS,
    eligibility=(EligibilityCode.GENDER_WOMAN, EligibilityCode.SOBRIETY_DAYS),
    also_speaks=("en",),
    answered=(Question.GENDER, Question.SOBRIETY),
)
ASKED = ["documents", "gender"]


def test_an_agency_sees_the_answers_to_what_its_program_asks_and_what_is_still_open() -> None:
    shown = disclosure.in_offer(ANSWERED, OfferState.OPEN, WHOLE, ASKED)
    assert shown["eligibility"] == [EligibilityCode.GENDER_WOMAN]
    assert shown["questions"] == [Question.DOCUMENTS]
    assert shown["also_speaks"] == ("en",)


@pytest.mark.parametrize("state", OfferState)
@pytest.mark.parametrize("status", ConsentStatus)
def test_answers_and_questions_are_shown_where_the_other_facts_are(
    state: OfferState, status: ConsentStatus
) -> None:
    consent = disclosure.Openness(status, ConsentScope.ALL_STATED)
    shown = told(disclosure.in_offer(ANSWERED, state, consent, ASKED))
    open_to = state in UNENDED and status is GIVEN
    assert ({"eligibility", "also_speaks", "questions"} <= shown) is open_to
    assert bool(shown) is open_to


@pytest.mark.parametrize("state", UNENDED)
def test_a_consent_to_contact_and_need_leaves_answers_and_questions_out(state: OfferState) -> None:
    shown = told(disclosure.in_offer(ANSWERED, state, BRIEF, ASKED))
    assert shown == {"age_band", "language", "household_size"}


ANSWERS: dict[str, Any] = {"income": "low", "not_known": ["age"], "note": "a note"}


def test_the_holder_reads_the_answers_unless_the_consent_is_to_contact_and_need() -> None:
    shown = disclosure.after_acceptance(ANSWERS, ConsentScope.ALL_STATED)
    assert shown["facts"] == {"age": None, "income": "low"}
    assert disclosure.fields_shown(shown) == ["facts.age", "facts.income", "note"]
    assert disclosure.after_acceptance(ANSWERS, ConsentScope.CONTACT_AND_NEED)["facts"] is None


def test_who_holds_a_protected_need_is_told_every_question_that_is_open() -> None:
    assert disclosure.to_ask(FACTS, ANSWERS, ASKED) == [Question.DOCUMENTS, Question.GENDER]
    left = set(Question) - {Question.AGE, Question.INCOME}
    assert set(disclosure.to_ask(PROTECTED, ANSWERS, [])) == left


def test_a_wish_to_avoid_is_told_as_a_wish_unless_the_need_is_protected() -> None:
    assert disclosure.excluded(FACTS, {"far-beds"}) == ("far-beds",)
    assert disclosure.excluded(PROTECTED, {"far-beds"}) == ("far-beds", "grim-beds")
