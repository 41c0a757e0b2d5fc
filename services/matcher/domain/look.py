"""What is found of the programs for a request: whom it could be put to, and why no other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.questions import Question
from services.matcher.domain import eligibility
from services.matcher.domain import score as scoring
from services.matcher.domain.directory import Program
from services.matcher.domain.eligibility import Doubt, Fit, Ground
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """What was found about one program; without a score where the verdict is fail."""

    program_id: str
    verdict: Fit
    free: int
    reasons: tuple[Ground, ...] = ()
    questions: tuple[Question, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    score: float | None = None
    terms: Mapping[str, float] | None = None
    distance_km: float | None = None


def consider(
    program: Program, request: Request, free: int, now: datetime, policy: Policy
) -> Considered:
    """Judge one program, and score it where it would take the request."""
    verdict = eligibility.judge(program, request, policy.farthest_km)
    if verdict.fit is Fit.FAIL:
        return Considered(
            program_id=program.id, verdict=verdict.fit, free=free, reasons=verdict.reasons
        )
    scored = scoring.score(program, request, verdict, now, policy.weights)
    return Considered(
        program_id=program.id,
        verdict=verdict.fit,
        free=free,
        questions=verdict.questions,
        doubts=verdict.doubts,
        score=scored.score,
        terms=scored.terms,
        distance_km=scored.distance_km,
    )


def best_first(found: Considered) -> tuple[bool, float, str]:
    """Candidates first, by falling score; equal ones by id."""
    return found.score is None, -(found.score or 0.0), found.program_id
