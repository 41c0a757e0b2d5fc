"""What eligibility may ask of a person: the questions, their words, the codes of the answers."""

from enum import StrEnum
from typing import Final


class Question(StrEnum):
    """What a program's rules ask and no fact of the referral tells; each has an answer's form."""

    AGE = "age"
    LANGUAGE = "language"
    GENDER = "gender"
    HOUSEHOLD = "household"
    DOCUMENTS = "documents"
    INCOME = "income"
    SOBRIETY = "sobriety"


# As one would ask a person; whoever builds a page shows these.
ASKED_AS: Final[dict[Question, str]] = {
    Question.AGE: "How old is the person, in years?",
    Question.LANGUAGE: "Which other languages does the person speak well enough to be helped in?",
    Question.GENDER: "Would the person go to a place for women, to one for men, or to neither?",
    Question.HOUSEHOLD: "How many people need the place together, the person counted?",
    Question.DOCUMENTS: "Which papers can the person show: an ID and proof of address, some, none?",
    Question.INCOME: "How does the household's income compare with the median of the area?",
    Question.SOBRIETY: "Is the person sober: for a month or more, for some days, or not?",
}


class Gender(StrEnum):
    """Which of the limited programs a person may go to; ``another`` is never sent away by it."""

    WOMAN = "woman"
    MAN = "man"
    ANOTHER = "another"


class Documents(StrEnum):
    """What papers a person can show; ``ready`` = an ID and proof of address, or what is asked."""

    READY = "ready"
    SOME = "some"
    NONE = "none"


class Income(StrEnum):
    """HUD's limits of area median income: 30, 50 and 80 per cent, and above (24 CFR 5.603)."""

    EXTREMELY_LOW = "extremely_low"
    VERY_LOW = "very_low"
    LOW = "low"
    HIGHER = "higher"


class Sobriety(StrEnum):
    """For how long a person has been sober: a month or more, some days, or not."""

    MONTH = "month"
    DAYS = "days"
    NONE = "none"


# The answers that are words: they are sealed, and only their code leaves the person table.
WORDS_OF: Final[dict[Question, type[StrEnum]]] = {
    Question.GENDER: Gender,
    Question.DOCUMENTS: Documents,
    Question.INCOME: Income,
    Question.SOBRIETY: Sobriety,
}


class EligibilityCode(StrEnum):
    """What an answer comes to for a program's rules: its question and its word, nothing more."""

    GENDER_WOMAN = "gender_woman"
    GENDER_MAN = "gender_man"
    GENDER_ANOTHER = "gender_another"
    DOCUMENTS_READY = "documents_ready"
    DOCUMENTS_SOME = "documents_some"
    DOCUMENTS_NONE = "documents_none"
    INCOME_EXTREMELY_LOW = "income_extremely_low"
    INCOME_VERY_LOW = "income_very_low"
    INCOME_LOW = "income_low"
    INCOME_HIGHER = "income_higher"
    SOBRIETY_MONTH = "sobriety_month"
    SOBRIETY_DAYS = "sobriety_days"
    SOBRIETY_NONE = "sobriety_none"


def code_of(question: Question, answer: str) -> EligibilityCode:
    """The code of a word; raises ValueError for a question whose answer is no word."""
    return EligibilityCode(f"{question}_{answer}")


def question_of(code: EligibilityCode) -> Question:
    """Which question a code answers."""
    return Question(code.partition("_")[0])
