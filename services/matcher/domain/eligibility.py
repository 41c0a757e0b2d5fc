"""Whether a program takes a person: pass, fail, or ask, where nobody knows; with codes for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts.vocabulary import Accommodation
from services.matcher.domain.directory import Program, Rule
from services.matcher.domain.place import nearest_km
from services.matcher.domain.request import Facts, Request


class Fit(StrEnum):
    """A verdict; an unknown never excludes, it is a question for the agency."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    ASK = "ask"
    FAIL = "fail"


class Ground(StrEnum):
    """Why a program is out of the question for a referral."""

    INACTIVE = "inactive"
    PAUSED = "paused"
    TRAINING_MARK = "training_mark"
    SAID_NO = "said_no"
    AVOIDED = "avoided"
    OTHER_SECTOR = "other_sector"
    NEED_NOT_SERVED = "need_not_served"
    TOO_YOUNG = "too_young"
    TOO_OLD = "too_old"
    FAMILIES_ONLY = "families_only"
    TOO_FAR = "too_far"
    NO_PETS = "no_pets"
    NO_WHEELCHAIR = "no_wheelchair"
    NO_SIGN_LANGUAGE = "no_sign_language"
    NO_TRANSPORT = "no_transport"
    NO_CHILDREN = "no_children"


class Question(StrEnum):
    """What the agency has to find out, because no fact of the referral tells."""

    AGE = "age"
    LANGUAGE = "language"
    GENDER = "gender"
    HOUSEHOLD = "household"
    DOCUMENTS = "documents"
    INCOME = "income"
    SOBRIETY = "sobriety"


Finding = Ground | Question

_NOT_OFFERED: Final = {
    Accommodation.PETS: Ground.NO_PETS,
    Accommodation.WHEELCHAIR: Ground.NO_WHEELCHAIR,
    Accommodation.SIGN_LANGUAGE: Ground.NO_SIGN_LANGUAGE,
    Accommodation.TRANSPORT: Ground.NO_TRANSPORT,
    Accommodation.CHILDREN: Ground.NO_CHILDREN,
}
_QUESTION_OF: Final = {
    Rule.DOCUMENTS_REQUIRED: Question.DOCUMENTS,
    Rule.INCOME_LIMIT: Question.INCOME,
    Rule.WOMEN_ONLY: Question.GENDER,
    Rule.MEN_ONLY: Question.GENDER,
    Rule.SOBRIETY_REQUIRED: Question.SOBRIETY,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Fail with its reasons, ask with its questions, or pass with neither."""

    reasons: tuple[Ground, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def fit(self) -> Fit:
        """The verdict in one word."""
        if self.reasons:
            return Fit.FAIL
        return Fit.ASK if self.questions else Fit.PASS


def judge(program: Program, request: Request, farthest_km: float) -> Verdict:
    """The verdict on one program; beyond ``farthest_km`` only a preferred one is a candidate.

    A program named by hand is judged by what binds a coordinator too (standing, mark, sector,
    the agency's no, the person's wish); what it asks of the person becomes no ground to refuse.
    """
    found = list(_standing(program, request))
    if request.hand is None:
        found += _of_person(program, request.facts)
        found += _distance(program, request.facts, farthest_km)
    reasons = {f for f in found if isinstance(f, Ground)}
    questions = {f for f in found if isinstance(f, Question)}
    return Verdict(tuple(sorted(reasons)), () if reasons else tuple(sorted(questions)))


def speaks(program: Program, language: str | None) -> bool:
    """Whether the program speaks the language, or nobody knows which one is needed."""
    return language is None or language in program.languages


def _standing(program: Program, request: Request) -> Iterator[Finding]:
    facts = request.facts
    checks = {
        Ground.INACTIVE: not program.active,
        Ground.PAUSED: program.paused,
        Ground.TRAINING_MARK: program.training is not facts.training,
        Ground.SAID_NO: program.id in request.excluded,
        Ground.AVOIDED: program.id in facts.avoided,
        Ground.OTHER_SECTOR: program.sector is not facts.sector,
    }
    return (ground for ground, out in checks.items() if out)


def _of_person(program: Program, facts: Facts) -> Iterator[Finding]:
    if facts.need not in program.needs:
        yield Ground.NEED_NOT_SERVED
    yield from _age(program, facts.age)
    yield from _language(program, facts.language)
    yield from _rules(program, facts.household_size)
    # A lift, a kennel or an interpreter that nobody states is not there: arriving to find that
    # out costs the person more than asking the next program.
    missing = set(facts.accommodations) - set(program.accommodations)
    yield from (_NOT_OFFERED[accommodation] for accommodation in missing)


def _distance(program: Program, facts: Facts, farthest_km: float) -> Iterator[Finding]:
    km = nearest_km(facts.cell, (place.cell for place in program.places))
    if km is not None and km > farthest_km and program.id not in facts.preferred:
        yield Ground.TOO_FAR


def _age(program: Program, age: int | None) -> Iterator[Finding]:
    if age is None:
        if program.minimum_age is not None or program.maximum_age is not None:
            yield Question.AGE
        return
    if program.minimum_age is not None and age < program.minimum_age:
        yield Ground.TOO_YOUNG
    if program.maximum_age is not None and age > program.maximum_age:
        yield Ground.TOO_OLD


def _language(program: Program, language: str | None) -> Iterator[Finding]:
    # A directory that names no interpreter does not say that there is none: ask.
    if not speaks(program, language) and program.interpretation is None:
        yield Question.LANGUAGE


def _rules(program: Program, household_size: int | None) -> Iterator[Finding]:
    for requirement in program.eligibility:
        if requirement.rule is not Rule.FAMILIES_ONLY:
            yield _QUESTION_OF[requirement.rule]
        elif household_size is None:
            yield Question.HOUSEHOLD
        elif household_size == 1:
            yield Ground.FAMILIES_ONLY
