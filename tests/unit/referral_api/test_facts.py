"""Coarse facts: a cell in place of a point, and nothing at all for a protected need."""

from dataclasses import asdict
from typing import Any

import h3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.questions import EligibilityCode, Question
from contracts.vocabulary import (
    PROTECTED_NEEDS,
    Accommodation,
    EntryDoor,
    Need,
    Sector,
    Urgency,
)
from services.referral_api.domain.facts import (
    CELL_RESOLUTION,
    FIELD_OF,
    NOT_KNOWN,
    Facts,
    answers_in,
    coarse,
    with_answers,
)

SAID: dict[str, Any] = {
    "name": "Robin",
    "entry_door": "community",
    "language": "es",
    "age": 34,
    "household_size": 2,
    "accommodations": ["pets", "wheelchair"],
    "place": {"latitude": 41.8, "longitude": -90.2},
    "preferred_programs": ["near-beds"],
    "avoided_programs": ["grim-beds"],
    "note": "a note",
}


def test_the_facts_are_what_was_said_made_coarse() -> None:
    found = coarse(Need.COUNSELLING, Urgency.URGENT, SAID)
    assert found == Facts(
        need=Need.COUNSELLING,
        urgency=Urgency.URGENT,
        entry_door=EntryDoor.COMMUNITY,
        language="es",
        age=34,
        household_size=2,
        accommodations=(Accommodation.PETS, Accommodation.WHEELCHAIR),
        cell=h3.latlng_to_cell(41.8, -90.2, 7),
        preferred=("near-beds",),
        avoided=("grim-beds",),
        answered=(Question.AGE, Question.HOUSEHOLD),
    )
    assert found.sector is Sector.MENTAL_HEALTH


@pytest.mark.parametrize("need", sorted(PROTECTED_NEEDS))
def test_a_protected_need_leaves_need_urgency_and_the_programs_to_avoid(need: Need) -> None:
    found = asdict(coarse(need, Urgency.CRISIS, SAID))
    kept = {name: value for name, value in found.items() if value not in (None, ())}
    answered = SAID | {"gender": "woman", "also_speaks": ["en"], "not_known": ["income"]}
    assert asdict(coarse(need, Urgency.CRISIS, answered)) == found
    assert kept == {"need": need, "urgency": Urgency.CRISIS, "avoided": ("grim-beds",)}


def test_what_was_not_said_stays_unsaid() -> None:
    found = coarse(Need.COUNSELLING, Urgency.URGENT, {"entry_door": "community"})
    assert (found.cell, found.age, found.language, found.avoided) == (None, None, None, ())


def test_answers_leave_as_codes_and_as_the_questions_that_they_answer() -> None:
    said = SAID | {"documents": "some", "also_speaks": ["so", "en"], "not_known": ["income"]}
    found = coarse(Need.COUNSELLING, Urgency.URGENT, said)
    assert found.eligibility == (EligibilityCode.DOCUMENTS_SOME,)
    assert found.also_speaks == ("en", "so")
    known = {Question.AGE, Question.HOUSEHOLD, Question.DOCUMENTS, Question.LANGUAGE}
    assert set(found.answered) == known | {Question.INCOME}


def test_an_answer_takes_the_place_of_not_known_and_the_other_way_round() -> None:
    asked = with_answers({}, {Question.GENDER: None, Question.AGE: None})
    assert asked == {"gender": None, "age": None, "not_known": ["age", "gender"]}
    later = with_answers(asked, {Question.GENDER: "man"})
    assert later == {"gender": "man", "not_known": ["age"]}
    assert answers_in(asked | later) == {Question.AGE: None, Question.GENDER: "man"}


def test_every_question_has_a_place_where_its_answer_is_sealed() -> None:
    assert set(FIELD_OF) == set(Question)
    assert len({*FIELD_OF.values(), NOT_KNOWN}) == len(Question) + 1


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_place_on_earth_has_a_cell_and_no_finer_one(lat: float, lng: float) -> None:
    said = SAID | {"place": {"latitude": lat, "longitude": lng}}
    cell = coarse(Need.COUNSELLING, Urgency.URGENT, said).cell
    assert h3.get_resolution(cell) == CELL_RESOLUTION
