"""The nouns of a market of places: all that a decision about scarce places may look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.vocabulary import Urgency
from services.matcher.domain.request import RANK


@dataclass(frozen=True, slots=True)
class Program:
    """A program with its places.

    ``free``: places that may be offered now, without those that pending offers hold;
    ``stays[d]``: share of the stays that are longer than d days.
    """

    id: str
    places: int
    free: int
    open: bool
    stays: Sequence[float]


@dataclass(frozen=True, slots=True)
class Request:
    """One who asks for a place, or once asked.

    ``arrived`` and ``window`` in days; ``options``: program id -> (value of a start on the day
    of arrival, acceptance probability), without programs that are not eligible or said no;
    ``served``: None while open; ``parallel``: most offers at once that the person allows.
    """

    id: str
    arrived: float
    window: float
    urgency: Urgency
    options: Mapping[str, tuple[float, float]]
    groups: frozenset[str] = frozenset()
    served: bool | None = None
    parallel: int = 1


@dataclass(frozen=True, slots=True)
class Market:
    """A moment, ``now`` in days.

    ``occupied``: (program id, days elapsed) of every taken place; ``queue``: who waits and has
    no offer pending; ``past``: who asked until now, those who wait included.
    """

    now: float
    programs: Sequence[Program]
    occupied: Sequence[tuple[str, float]]
    queue: Sequence[Request]
    past: Sequence[Request]


def fair_order(request: Request) -> tuple[int, float, str]:
    """The more urgent first, among equals the older, then by id."""
    return RANK[request.urgency], request.arrived, request.id
