"""Why this program and no other: the runner-up, and the least that would have changed it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts.questions import Question
from services.matcher.domain.decision import Decision
from services.matcher.domain.eligibility import Fit, Ground
from services.matcher.domain.look import Considered, best_first

# A score is counted in hundredths of a point: the least by which one beats another.
_LEAST: Final = 0.01
# No answer to it rules a program out, and it may move the score of others, too.
_RULES_NOBODY_OUT: Final = frozenset({Question.LANGUAGE})


class Kind(StrEnum):
    """What would have to be otherwise; the smaller change stands first.

    An answer changes what is known, a place one number, points the world; ``ground``: the reasons
    for which a program was out of the question. ``plan``: that a plan was followed, which looks at
    others, too.
    """

    ANSWER = "answer"
    PLAN = "plan"
    PLACE = "place"
    POINTS = "points"
    GROUND = "ground"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change that alone would have flipped the choice, all else as it was.

    ``answer``: the ``questions`` of the program answered, so that it is out where it was chosen
    (``against``), else so that it passes. ``place``: one more place of it. ``points``: so many more
    for it; ``term`` is the one in which the chosen program is most ahead of it. ``ground``: the
    ``reasons`` do not hold. ``plan``: everybody gets the best place left, in the stated order.
    """

    kind: Kind
    program_id: str
    against: bool = False
    questions: tuple[Question, ...] = ()
    reasons: tuple[Ground, ...] = ()
    points: float | None = None
    term: str | None = None


def chosen(decision: Decision) -> Considered | None:
    """The program of the first choice, as it was found."""
    first = decision.choices[0].program_id if decision.choices else None
    return next((one for one in decision.considered if one.program_id == first), None)


def runner_up(decision: Decision) -> Considered | None:
    """The program that would have been chosen without the chosen ones."""
    taken = {choice.program_id for choice in decision.choices}
    roomy = (one for one in _fitting(decision) if one.free > 0)
    return next((one for one in roomy if one.program_id not in taken), None)


def changes(decision: Decision) -> tuple[Change, ...]:
    """Of each kind the least change that would have flipped the choice; the smallest first.

    Where a plan was followed, a place or points more may be kept for others: they are not told.
    """
    first = chosen(decision)
    if decision.plan is not None:
        return tuple(_planned(decision, first))
    if first is None:
        return tuple(_unrouted(decision))
    found = (_answer(decision, first), _place(decision, first), _points(decision, first))
    return tuple(change for change in found if change is not None)


def _fitting(decision: Decision) -> list[Considered]:
    """What fits of the programs that are told, the best first."""
    return sorted((c for c in decision.considered if c.verdict is not Fit.FAIL), key=best_first)


def _unrouted(decision: Decision) -> Iterator[Change]:
    """Nobody was chosen: a place of the best that fits, or of one that fits if not for so much."""
    fitting = _fitting(decision)
    if fitting:
        yield Change(kind=Kind.PLACE, program_id=fitting[0].program_id)
        return
    nearly = min(
        decision.considered, key=lambda one: (len(one.reasons), one.program_id), default=None
    )
    if nearly is not None:
        yield Change(kind=Kind.GROUND, program_id=nearly.program_id, reasons=nearly.reasons)


def _planned(decision: Decision, first: Considered | None) -> Iterator[Change]:
    """What is certain whatever the plan holds for others."""
    against = _against(first) if first else None
    if against is not None:
        yield against
    best = next((one for one in _fitting(decision) if one.free > 0), None)
    if best is not None and (first is None or best.program_id != first.program_id):
        yield Change(kind=Kind.PLAN, program_id=best.program_id)
    if not _fitting(decision):
        yield from _unrouted(decision)


def _against(first: Considered) -> Change | None:
    """An answer that rules the chosen program out."""
    out = [one for one in first.questions if one not in _RULES_NOBODY_OUT]
    if not out:
        return None
    return Change(kind=Kind.ANSWER, program_id=first.program_id, against=True, questions=(out[0],))


def _answer(decision: Decision, first: Considered) -> Change | None:
    """An answer that rules the chosen program out, else those that let another one pass."""
    against = _against(first)
    if against is not None:
        return against
    asking = [
        one
        for one in _fitting(decision)
        if one.free > 0 and _passes_by_answers(one) and _beats(_answered(one), one, first)
    ]
    least = min(asking, key=lambda one: (len(one.questions), best_first(one)), default=None)
    if least is None or least.program_id == first.program_id:
        return None
    return Change(kind=Kind.ANSWER, program_id=least.program_id, questions=least.questions)


def _passes_by_answers(one: Considered) -> bool:
    asked = set(one.questions)
    return bool(asked) and not one.doubts and not asked & _RULES_NOBODY_OUT


def _answered(one: Considered) -> float:
    """The score once all that is asked is answered well."""
    return round((one.score or 0.0) - (one.terms or {}).get("questions", 0.0), 2)


def _beats(score: float, one: Considered, first: Considered) -> bool:
    best = first.score or 0.0
    return score > best or (score == best and one.program_id < first.program_id)


def _place(decision: Decision, first: Considered) -> Change | None:
    """A place of the best program that had none."""
    full = (one for one in _fitting(decision) if one.free <= 0)
    better = next((one for one in full if _beats(one.score or 0.0, one, first)), None)
    return Change(kind=Kind.PLACE, program_id=better.program_id) if better else None


def _points(decision: Decision, first: Considered) -> Change | None:
    """So many points more for the runner-up."""
    second = runner_up(decision)
    if second is None:
        return None
    gap = (first.score or 0.0) - (second.score or 0.0)
    points = round(gap + (_LEAST if second.program_id > first.program_id else 0.0), 2)
    ahead, behind = first.terms or {}, second.terms or {}
    lead = {name: ahead.get(name, 0.0) - behind.get(name, 0.0) for name in {*ahead, *behind}}
    term = max(sorted(lead), key=lambda name: lead[name], default=None)
    return Change(kind=Kind.POINTS, program_id=second.program_id, points=points, term=term)
