"""Who asks for places, as arrays over their options: those who wait and those to be expected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.matcher.domain.market import Market, Request

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Demand:
    """Requests, and their options one after the other.

    ``of`` and ``program``: an option's request and program by number. ``arrived``: days from
    now, so that whoever waits has none above 0. ``mass``: how many persons a request stands for.
    """

    of: Ints
    program: Ints
    value: Floats
    accept: Floats
    arrived: Floats
    window: Floats
    mass: Floats

    def worth(self, waited: Floats, decay: float, options: Ints) -> Floats:
        """What a start of these options is worth after days of waiting."""
        window = self.window[self.of[options]]
        return np.asarray(self.value[options] * (1 - decay * waited / (window + 1)))


def demand_of(
    requests: Sequence[Request], numbers: Mapping[str, int], now: float, widest: int
) -> Demand:
    """The requests with at most ``widest`` options each, the best ones; programs not named drop."""
    rows = [
        (of, numbers[program], value, min(accept, 1.0))
        for of, request in enumerate(requests)
        for program, (value, accept) in request.options.items()
        if program in numbers and value > 0 and accept > 0
    ]
    table = np.array(rows, float).reshape(-1, 4)
    table = table[np.lexsort((table[:, 1], -table[:, 2] * table[:, 3], table[:, 0]))]
    table = table[_place_in_group(table[:, 0]) < widest]
    return Demand(
        of=table[:, 0].astype(np.intp),
        program=table[:, 1].astype(np.intp),
        value=table[:, 2],
        accept=table[:, 3],
        arrived=np.array([request.arrived - now for request in requests], float),
        window=np.array([request.window for request in requests], float),
        mass=np.ones(len(requests)),
    )


def _place_in_group(sorted_groups: Floats) -> Ints:
    """0, 1, 2 .. within each run of equal numbers."""
    first = np.searchsorted(sorted_groups, sorted_groups)
    return np.arange(len(sorted_groups)) - first


def days_known(market: Market) -> int:
    """How many whole weeks of requests the past tells of, in days."""
    oldest = min((request.arrived for request in market.past), default=market.now)
    # A past that begins this morning seven days ago tells of a week.
    return int((market.now - oldest + 1) // WEEK) * WEEK


def recent(market: Market, days: int) -> list[Request]:
    """The requests of the last days, the oldest first."""
    found = [r for r in market.past if market.now - days < r.arrived <= market.now]
    return sorted(found, key=lambda request: (request.arrived, request.id))


def waiting(seen: Demand) -> Demand:
    """The requests of a queue: whoever waits longer than the window waits as if it ended today."""
    return replace(seen, arrived=np.maximum(seen.arrived, -seen.window))


def sampled(
    requests: list[Request], options: int, widest: int, rng: np.random.Generator
) -> list[Request]:
    """As many of the requests as have so many options, drawn without a preference, in order."""
    all_of_them = sum(min(len(request.options), widest) for request in requests)
    if all_of_them <= options:
        return requests
    size = max(1, len(requests) * options // all_of_them)
    return [requests[row] for row in np.sort(rng.permutation(len(requests))[:size])]


def expected(seen: Demand, days: int, each: float, foresight: float) -> Demand:
    """The requests of the last days as those of the next, on the same days of the week.

    Each stands for so many. Their values count less by ``foresight``: a plan sees its sample as
    if it were certain, and what it would earn with that is not to be had.
    """
    return replace(
        seen,
        value=seen.value * foresight,
        arrived=np.ceil(seen.arrived + days),
        mass=seen.mass * each,
    )


def together(first: Demand, second: Demand) -> Demand:
    """Both, the second's requests numbered after the first's."""
    joined = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in ("program", "value", "accept", "arrived", "window", "mass")
    }
    return Demand(of=np.concatenate([first.of, second.of + len(first.mass)]), **joined)
