"""How well an eligible program suits a referral: published, additive terms in points."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.vocabulary import Urgency
from services.matcher.domain.directory import Program
from services.matcher.domain.eligibility import Verdict, speaks
from services.matcher.domain.hours import is_open
from services.matcher.domain.place import nearest_km
from services.matcher.domain.request import Facts, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Points per term; one point is worth one km. No term looks at who the person is.

    All terms but the questions lie within -60 and +35 points, so that a program whose agency has
    to be asked always ranks below one that is known to take the person.
    """

    per_km: float = 1.0
    longest_km: float = 40.0
    interpreter: float = 8.0
    preferred: float = 20.0
    open_now: float = 15.0
    spare_accommodation: float = 1.0
    asks: float = 100.0
    per_question: float = 5.0


@dataclass(frozen=True, slots=True)
class Scored:
    """A score in points with its terms; they sum to it. Higher is better."""

    terms: Mapping[str, float]
    distance_km: float | None

    @property
    def score(self) -> float:
        """The sum of the terms, in points, to a hundredth."""
        return round(sum(self.terms.values()), 2)


def score(
    program: Program, request: Request, verdict: Verdict, now: datetime, weights: Weights
) -> Scored:
    """The score of an eligible program; terms that are zero are left out."""
    facts = request.facts
    km = nearest_km(facts.cell, (place.cell for place in program.places))
    terms = {
        "distance": -weights.per_km * min(km or 0.0, weights.longest_km),
        "interpreter": 0.0 if speaks(program, facts) else -weights.interpreter,
        "preferred": weights.preferred if program.id in facts.preferred else 0.0,
        "open_now": _open_now(program, facts, now, weights),
        "spare_accommodations": -weights.spare_accommodation * _spare(program, facts),
        "questions": _questions(verdict, weights),
    }
    return Scored({name: round(v, 2) for name, v in terms.items() if v}, km)


def _open_now(program: Program, facts: Facts, now: datetime, weights: Weights) -> float:
    """In a crisis, doors that are open at this hour count."""
    if facts.urgency is not Urgency.CRISIS:
        return 0.0
    return weights.open_now if is_open(program.hours, program.time_zone, now) else 0.0


def _spare(program: Program, facts: Facts) -> int:
    """What the program offers and this person does not need: best kept for those who do."""
    return len(set(program.accommodations) - set(facts.accommodations))


def _questions(verdict: Verdict, weights: Weights) -> float:
    count = len(verdict.questions)
    return -(weights.asks + weights.per_question * count) if count else 0.0
