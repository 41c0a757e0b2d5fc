"""How well an eligible program suits a referral: published, additive terms in points."""

import math
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
    counted = _km_counted(program, facts, km, weights.longest_km)
    doubts = len(verdict.questions) + len(verdict.doubts)
    terms = {
        "distance": -hundredths(weights.per_km * counted),
        "interpreter": 0 if speaks(program, facts) else -hundredths(weights.interpreter),
        "preferred": hundredths(weights.preferred) if program.id in facts.preferred else 0,
        "open_now": _open_now(program, facts, now, weights),
        "spare_accommodations": -hundredths(weights.spare_accommodation * _spare(program, facts)),
        "questions": -points_of_doubt(doubts, weights),
    }
    return Scored({name: v / 100 for name, v in terms.items() if v}, km)


def hundredths(points: float) -> int:
    """Points as a whole number of hundredths, in which all terms are counted."""
    return math.floor(points * 100 + 0.5)


def points_of_doubt(count: int, weights: Weights) -> int:
    """What it costs, in hundredths, that so many things have to be asked."""
    return hundredths(weights.asks + weights.per_question * count) if count else 0


def _km_counted(program: Program, facts: Facts, km: float | None, longest: float) -> float:
    """A place whose point nobody says may be anywhere: it is taken for far, not for next door."""
    if km is None:
        return longest if program.places and facts.cell is not None else 0.0
    return min(km, longest)


def _open_now(program: Program, facts: Facts, now: datetime, weights: Weights) -> int:
    """In a crisis, doors that are open at this hour count."""
    counts = facts.urgency is Urgency.CRISIS and is_open(program.hours, program.time_zone, now)
    return hundredths(weights.open_now) if counts else 0


def _spare(program: Program, facts: Facts) -> int:
    """What the program offers and this person does not need: best kept for those who do."""
    return len(set(program.accommodations) - set(facts.accommodations))
