"""Who gets which place: one function, from a market to offers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.vocabulary import Urgency
from services.matcher.domain.request import RANK
from services.matcher.domain.score import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may be tuned, under a version that every decision names.

    ``farthest_km``: programs beyond are no candidates; ``parallel``: most offers at once.
    """

    version: str = "nearest-1"
    weights: Weights = field(default_factory=Weights)
    farthest_km: float = 100.0
    parallel: int = 1


@dataclass(frozen=True, slots=True)
class Program:
    """A program with the places that may be offered now."""

    id: str
    free: int


@dataclass(frozen=True, slots=True)
class Request:
    """A referral that waits for an offer; ``options`` = eligible program id -> score in points.

    ``arrived`` in days since 1970. A program that already said no is not among the options.
    ``alone``: a protected need, of which one agency learns at a time whatever the policy.
    """

    id: str
    arrived: float
    urgency: Urgency
    options: Mapping[str, float]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Market:
    """All that a decision may look at."""

    programs: tuple[Program, ...]
    queue: tuple[Request, ...]


def offers(market: Market, policy: Policy) -> list[tuple[str, str]]:
    """Offers as (request id, program id), most urgent first, then oldest, then by id.

    Each request takes its best-scoring programs with a free place, ``policy.parallel`` at most;
    equal scores go by program id. Same market and policy, same offers.
    """
    free = {program.id: program.free for program in market.programs}
    made: list[tuple[str, str]] = []
    for request in sorted(market.queue, key=lambda r: (RANK[r.urgency], r.arrived, r.id)):
        for program in _ranked(request, free)[: 1 if request.alone else policy.parallel]:
            free[program] -= 1
            made.append((request.id, program))
    return made


def _ranked(request: Request, free: Mapping[str, int]) -> list[str]:
    roomy = [program for program in request.options if free.get(program, 0) > 0]
    return sorted(roomy, key=lambda program: (-request.options[program], program))
