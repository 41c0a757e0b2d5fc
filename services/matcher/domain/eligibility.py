"""Whether a program takes a person: pass, fail, or ask, where nobody knows; with codes for each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from contracts.questions import Question
from contracts.vocabulary import PROTECTED_NEEDS
from services.matcher.domain.area import covers
from services.matcher.domain.directory import Program
from services.matcher.domain.place import nearest_km
from services.matcher.domain.request import Facts, Request
from services.matcher.domain.rules import NOT_OFFERED, RULES, Doubt, Ground

__all__ = ["Doubt", "Fit", "Ground", "Verdict", "asks", "judge", "open_questions", "speaks"]


class Fit(StrEnum):
    """A verdict; an unknown never excludes, it is a question for the agency."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    ASK = "ask"
    FAIL = "fail"


Finding = Ground | Question | Doubt


@dataclass(frozen=True, slots=True)
class Verdict:
    """Fail with its reasons, ask with its questions and doubts, or pass with none of them.

    A question is the person's to answer, a doubt the agency's.
    """

    reasons: tuple[Ground, ...] = ()
    questions: tuple[Question, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def fit(self) -> Fit:
        """The verdict in one word."""
        if self.reasons:
            return Fit.FAIL
        return Fit.ASK if self.questions or self.doubts else Fit.PASS


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
    if reasons:
        return Verdict(tuple(sorted(reasons)))
    questions = {f for f in found if isinstance(f, Question)}
    doubts = {f for f in found if isinstance(f, Doubt)}
    return Verdict((), tuple(sorted(questions)), tuple(sorted(doubts)))


def asks(program: Program, facts: Facts) -> tuple[Question, ...]:
    """What a program's rules ask, answered or not; of a protected need nothing is told.

    A language is asked for only where the program may not understand this person.
    """
    if facts.need in PROTECTED_NEEDS:
        return ()
    rules = {requirement.rule for requirement in program.eligibility}
    found = {RULES[rule].question for rule in rules & RULES.keys()}
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
    fails = any(isinstance(one, Ground) for one in found)
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
    yield from _area(program, facts.cell)
    # A lift, a kennel or an interpreter that nobody states is not there: arriving to find that
    # out costs the person more than asking the next program.
    missing = set(facts.accommodations) - set(program.accommodations)
    yield from (NOT_OFFERED[accommodation] for accommodation in missing)


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
        asked = RULES.get(requirement.rule)
        if asked is None:
            yield Doubt.OTHER_RULE
        elif asked.question is Question.HOUSEHOLD:
            yield from _household(facts.household_size)
        elif asked.failed_by in facts.eligibility:
            yield asked.ground
        elif asked.met_by not in facts.eligibility:
            yield asked.question


def _area(program: Program, cell: str | None) -> Iterator[Finding]:
    if program.area is None:
        return
    inside = covers(program.area, cell) if cell is not None else None
    if inside is None:
        yield Doubt.SERVICE_AREA
    elif not inside:
        yield Ground.OUTSIDE_AREA


def _household(size: int | None) -> Iterator[Finding]:
    if size is None:
        yield Question.HOUSEHOLD
    elif size == 1:
        yield Ground.FAMILIES_ONLY
