"""Questions: each has its words, a form for its answer, and codes that lead back to it."""

import re
from enum import StrEnum

import pytest

from contracts import questions
from contracts.bodies.facts import AddFacts, Facts
from contracts.questions import (
    ASKED_AS,
    WORDS_OF,
    EligibilityCode,
    Question,
    code_of,
    question_of,
)

LISTS = [
    word
    for word in vars(questions).values()
    if isinstance(word, type) and issubclass(word, StrEnum) and word is not StrEnum
]


def test_every_question_is_asked_in_words_of_its_own() -> None:
    assert set(ASKED_AS) == set(Question)
    assert len(set(ASKED_AS.values())) == len(Question)
    assert all(re.fullmatch(r"[A-Z].*\?", words) for words in ASKED_AS.values())


def test_every_question_can_be_answered_and_its_answer_read() -> None:
    assert set(AddFacts().fields) == set(Question)
    assert set(Facts().fields) == set(Question)
    assert all(field.allow_none for field in AddFacts().fields.values())


def test_the_codes_are_the_words_of_the_answers_and_no_more() -> None:
    made = {code_of(question, word) for question, words in WORDS_OF.items() for word in words}
    assert made == set(EligibilityCode)
    assert {question_of(code) for code in EligibilityCode} == set(WORDS_OF)


def test_a_number_has_no_code() -> None:
    with pytest.raises(ValueError, match="age_34"):
        code_of(Question.AGE, "34")


@pytest.mark.parametrize("words", LISTS, ids=lambda words: words.__name__)
def test_words_are_lower_case_and_their_lists_say_what_they_are(words: type[StrEnum]) -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", word) for word in words)
    assert words.__doc__
