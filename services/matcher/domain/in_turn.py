"""Places in the stated order: who is first takes the best of what is left, and nothing is kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contracts.vocabulary import Urgency
from services.matcher.domain.request import RANK


@dataclass(frozen=True, slots=True)
class Asker:
    """A referral that waits for an offer; ``scores`` = program id -> score in points.

    ``arrived`` in days since 1970. A program that already said no has no score.
    """

    id: str
    arrived: float
    urgency: Urgency
    scores: Mapping[str, float]


def offers(free: Mapping[str, int], queue: Iterable[Asker]) -> list[tuple[str, str]]:
    """Offers as (request id, program id), most urgent first, then oldest, then by id.

    Each request takes its best-scoring program with a free place; equal scores go by program id.
    """
    left = dict(free)
    made: list[tuple[str, str]] = []
    for asker in sorted(queue, key=lambda one: (RANK[one.urgency], one.arrived, one.id)):
        roomy = [program for program in asker.scores if left.get(program, 0) > 0]
        if roomy:
            best = min(roomy, key=lambda program: (-asker.scores[program], program))
            left[best] -= 1
            made.append((asker.id, best))
    return made
