"""What may be known of a person outside the person table: the coarse facts, or none at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import h3

from contracts.questions import WORDS_OF, EligibilityCode, Question, code_of
from contracts.vocabulary import (
    PROTECTED_NEEDS,
    SECTOR_OF,
    Accommodation,
    EntryDoor,
    Need,
    Sector,
    Urgency,
)

# About 5 square kilometres: a part of a town, not an address.
CELL_RESOLUTION: Final = 7
# Under which name the answer to a question is sealed, and which were asked of who does not know.
FIELD_OF: Final[dict[Question, str]] = {
    Question.AGE: "age",
    Question.LANGUAGE: "also_speaks",
    Question.GENDER: "gender",
    Question.HOUSEHOLD: "household_size",
    Question.DOCUMENTS: "documents",
    Question.INCOME: "income",
    Question.SOBRIETY: "sobriety",
}
NOT_KNOWN: Final = "not_known"
# What stood before the holder of a protected need asked, by field; sealed beside the answers.
SAID_BEFORE: Final = "said_before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The coarse facts of one referral; ``avoided`` and ``preferred`` are ids of programs.

    ``answered``: the questions that are not to be asked again, whether or not anybody knew.
    """

    need: Need
    urgency: Urgency
    entry_door: EntryDoor | None = None
    language: str | None = None
    age: int | None = None
    household_size: int | None = None
    accommodations: tuple[Accommodation, ...] = ()
    cell: str | None = None
    preferred: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()
    also_speaks: tuple[str, ...] = ()
    eligibility: tuple[EligibilityCode, ...] = ()
    answered: tuple[Question, ...] = ()

    @property
    def sector(self) -> Sector:
        """The sector of the need."""
        return SECTOR_OF[self.need]


def coarse(need: Need, urgency: Urgency, said: Mapping[str, Any]) -> Facts:
    """The facts that follow from what was said, by the field names of the submission.

    A protected need leaves everything empty but the programs to avoid: whoever flees from
    somebody who works there must not be sent there, and the ids say nothing of the person.
    """
    avoided = tuple(said.get("avoided_programs") or ())
    if need in PROTECTED_NEEDS:
        return Facts(need=need, urgency=urgency, avoided=avoided)
    return Facts(
        need=need,
        urgency=urgency,
        entry_door=EntryDoor(said["entry_door"]),
        language=said.get("language"),
        age=said.get("age"),
        household_size=said.get("household_size"),
        accommodations=tuple(Accommodation(a) for a in said.get("accommodations") or ()),
        cell=_cell(said.get("place")),
        preferred=tuple(said.get("preferred_programs") or ()),
        avoided=avoided,
        also_speaks=tuple(sorted(said.get(FIELD_OF[Question.LANGUAGE]) or ())),
        eligibility=_codes(said),
        answered=answered(said),
    )


def answered(said: Mapping[str, Any]) -> tuple[Question, ...]:
    """The questions that have an answer among what was said, or that nobody could answer."""
    unknown = said.get(NOT_KNOWN) or ()
    return tuple(q for q in Question if q in unknown or said.get(FIELD_OF[q]) is not None)


def answers_in(said: Mapping[str, Any]) -> dict[Question, Any]:
    """Every answer by its question; None where it was asked, and nobody knew."""
    return {question: said.get(FIELD_OF[question]) for question in answered(said)}


def with_answers(said: Mapping[str, Any], answers: Mapping[Question, Any]) -> dict[str, Any]:
    """The fields that answers change, by the names under which they are sealed."""
    before = set(said.get(NOT_KNOWN) or ()) - answers.keys()
    unknown = {question for question, answer in answers.items() if answer is None}
    fields = {FIELD_OF[question]: answer for question, answer in answers.items()}
    return fields | {NOT_KNOWN: sorted(before | unknown)}


def learnt(need: Need, said: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """What is sealed of answers: under a protected need also what stood before, to go back to."""
    if need not in PROTECTED_NEEDS:
        return dict(changed)
    before = {name: said.get(name) for name in changed} | dict(said.get(SAID_BEFORE) or {})
    return {**changed, SAID_BEFORE: before}


def unlearnt(need: Need, said: Mapping[str, Any], corrected: Iterable[str]) -> dict[str, Any]:
    """What a correction to this need puts in the place of what was learnt under a protected one.

    While the need stays protected that is nothing; a field that is ``corrected`` has been said
    anew, and is not gone back on.
    """
    before = said.get(SAID_BEFORE)
    if before is None:
        return {}
    anew = set(corrected)
    left = {name: value for name, value in before.items() if name not in anew}
    return {SAID_BEFORE: left} if need in PROTECTED_NEEDS else {**left, SAID_BEFORE: None}


def still_open(asked: Iterable[str], known: Iterable[str]) -> list[Question]:
    """The questions of those asked that have no answer."""
    without = set(known)
    return [Question(word) for word in asked if word not in without]


def codes_of(asked: Iterable[str], codes: Iterable[str]) -> list[EligibilityCode]:
    """The codes that answer one of the questions asked; the others are nobody's business here."""
    wanted = tuple(f"{word}_" for word in asked)
    return [EligibilityCode(code) for code in codes if code.startswith(wanted)]


def _codes(said: Mapping[str, Any]) -> tuple[EligibilityCode, ...]:
    given = ((question, said.get(FIELD_OF[question])) for question in WORDS_OF)
    return tuple(sorted(code_of(question, word) for question, word in given if word is not None))


def _cell(place: Mapping[str, float] | None) -> str | None:
    if place is None:
        return None
    return str(h3.latlng_to_cell(place["latitude"], place["longitude"], CELL_RESOLUTION))
