"""Whether a program takes a person: pass, fail, or ask, where nobody knows; with codes for each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts.questions import EligibilityCode, Question
from contracts.vocabulary import PROTECTED_NEEDS, Accommodation
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
    NO_DOCUMENTS = "no_documents"
    INCOME_TOO_HIGH = "income_too_high"
    WOMEN_ONLY = "women_only"
    MEN_ONLY = "men_only"
    NOT_SOBER = "not_sober"


Finding = Ground | Question

_NOT_OFFERED: Final = {
    Accommodation.PETS: Ground.NO_PETS,
    Accommodation.WHEELCHAIR: Ground.NO_WHEELCHAIR,
    Accommodation.SIGN_LANGUAGE: Ground.NO_SIGN_LANGUAGE,
    Accommodation.TRANSPORT: Ground.NO_TRANSPORT,
    Accommodation.CHILDREN: Ground.NO_CHILDREN,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """How a rule is judged: its question, the code that meets it, and the one that fails it.

    Any other code leaves it to the agency: how much it asks stands in its own words.
    """

    question: Question
    met_by: EligibilityCode | None
    failed_by: EligibilityCode | None
    ground: Ground


RULES: Final = {
    Rule.DOCUMENTS_REQUIRED: Asked(
        Question.DOCUMENTS,
        EligibilityCode.DOCUMENTS_READY,
        EligibilityCode.DOCUMENTS_NONE,
        Ground.NO_DOCUMENTS,
    ),
    Rule.INCOME_LIMIT: Asked(
        Question.INCOME,
        EligibilityCode.INCOME_EXTREMELY_LOW,
        EligibilityCode.INCOME_HIGHER,
        Ground.INCOME_TOO_HIGH,
    ),
    # Whoever is neither a woman nor a man is never sent away by a rule (24 CFR 5.106): ask.
    Rule.WOMEN_ONLY: Asked(
        Question.GENDER,
        EligibilityCode.GENDER_WOMAN,
        EligibilityCode.GENDER_MAN,
        Ground.WOMEN_ONLY,
    ),
    Rule.MEN_ONLY: Asked(
        Question.GENDER,
        EligibilityCode.GENDER_MAN,
        EligibilityCode.GENDER_WOMAN,
        Ground.MEN_ONLY,
    ),
    Rule.SOBRIETY_REQUIRED: Asked(
        Question.SOBRIETY,
        EligibilityCode.SOBRIETY_MONTH,
        EligibilityCode.SOBRIETY_NONE,
        Ground.NOT_SOBER,
    ),
    # Its answer is a number, which the facts hold; no code.
    Rule.FAMILIES_ONLY: Asked(Question.HOUSEHOLD, None, None, Ground.FAMILIES_ONLY),
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


def asks(program: Program, facts: Facts) -> tuple[Question, ...]:
    """What a program's rules ask, answered or not; of a protected need nothing is told.

    A language is asked for only where the program may not understand this person.
    """
    if facts.need in PROTECTED_NEEDS:
        return ()
    found = {RULES[requirement.rule].question for requirement in program.eligibility}
    found |= {one for one in _language(program, facts) if isinstance(one, Question)}
    if program.minimum_age is not None or program.maximum_age is not None:
        found.add(Question.AGE)
    return tuple(sorted(found))


def open_questions(
    programs: Iterable[Program], facts: Facts, farthest_km: float
) -> tuple[Question, ...]:
    """What the programs that may take this person ask, and no fact tells.

    A program that said no is among them: whoever sees a question vanish must not learn of it. Of
    a protected need nothing is asked before somebody holds it.
    """
    if facts.need in PROTECTED_NEEDS:
        return ()
    found: set[Question] = set()
    for program in programs:
        if _may_take(program, facts):
            found |= _asked(program, facts, farthest_km)
    return tuple(sorted(found))


def _may_take(program: Program, facts: Facts) -> bool:
    if facts.need not in program.needs or program.id in facts.avoided:
        return False
    stands = program.active and not program.paused and program.training is facts.training
    return stands and program.sector is facts.sector


def _asked(program: Program, facts: Facts, farthest_km: float) -> set[Question]:
    found = list(_of_person(program, facts))
    questions = {one for one in found if isinstance(one, Question)}
    # The distance is the dear part: it is looked at only where it matters.
    fails = len(questions) < len(set(found))
    far = bool(questions) and not fails and any(_distance(program, facts, farthest_km))
    return set() if fails or far else questions


def speaks(program: Program, facts: Facts) -> bool:
    """Whether the program speaks a language of the person, or nobody knows which one is needed."""
    if facts.language is None:
        return True
    return not {facts.language, *facts.also_speaks}.isdisjoint(program.languages)


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
    yield from _language(program, facts)
    yield from _rules(program, facts)
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


def _language(program: Program, facts: Facts) -> Iterator[Finding]:
    # A directory that names no interpreter does not say that there is none: ask.
    if not speaks(program, facts) and program.interpretation is None:
        yield Question.LANGUAGE


def _rules(program: Program, facts: Facts) -> Iterator[Finding]:
    for requirement in program.eligibility:
        asked = RULES[requirement.rule]
        if asked.question is Question.HOUSEHOLD:
            yield from _household(facts.household_size)
        elif asked.failed_by in facts.eligibility:
            yield asked.ground
        elif asked.met_by not in facts.eligibility:
            yield asked.question


def _household(size: int | None) -> Iterator[Finding]:
    if size is None:
        yield Question.HOUSEHOLD
    elif size == 1:
        yield Ground.FAMILIES_ONLY
