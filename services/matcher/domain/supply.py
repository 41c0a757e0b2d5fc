"""Places over the coming days: what is free today, and what the running stays give back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matcher.domain.market import Market, Program

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Supply:
    """Expected places of programs (rows) at steps (columns) that begin on days ``begins``.

    ``remains[p, k, s]``: share of the stays begun at step s that still last at step k.
    """

    begins: Ints
    places: Floats
    remains: Floats

    @property
    def today(self) -> Floats:
        """Free places by program."""
        return np.asarray(self.places[:, 0])

    def step(self, days: Floats) -> Ints:
        """The step that a day falls into."""
        return np.asarray(np.searchsorted(self.begins, days, side="right") - 1, np.intp)


def supply_of(market: Market, numbers: Mapping[str, int], begins: Sequence[int]) -> Supply:
    """The places of the numbered programs at steps that begin on these days, the first 0.

    What pending offers hold is taken today, and counts as free from then on.
    """
    named = {program.id: program for program in market.programs}
    programs = [named[name] for name in sorted(numbers, key=numbers.__getitem__)]
    steps = np.asarray(begins, np.intp)
    middle = _middles(steps)
    stays = _stays(programs, int(middle[-1]))
    places = np.array([program.places for program in programs], float)[:, None]
    places = np.maximum(places - _lasting(market, numbers, stays, middle), 0.0)
    places[:, 0] = [max(program.free, 0) for program in programs]
    lag = middle[:, None] - middle[None, :]
    remains = np.where(lag >= 0, stays[:, np.maximum(lag, 0)], 0.0)
    return Supply(steps, places, remains)


def _middles(begins: Ints) -> Ints:
    """A day of each step that stands for it."""
    ends = np.append(begins[1:], begins[-1] + 1) - 1
    return np.asarray((begins + ends) // 2)


def _stays(programs: Sequence[Program], longest: int) -> Floats:
    """The stays of programs (rows) by days, all over after the last day that is known."""
    width = max([longest + 1, *(len(program.stays) for program in programs)]) + 1
    stays = np.zeros((len(programs), width))
    for row, program in zip(stays, programs, strict=True):
        row[: len(program.stays)] = program.stays
    stays[:, 0] = 1.0
    return stays


def _lasting(market: Market, numbers: Mapping[str, int], stays: Floats, days: Ints) -> Floats:
    """How many of today's stays are expected to last still on each day, by program."""
    taken = [(numbers[name], elapsed) for name, elapsed in market.occupied if name in numbers]
    lasting = np.zeros((len(stays), len(days)))
    if taken:
        program = np.array([number for number, _ in taken], np.intp)
        elapsed = np.array([max(0, int(days)) for _, days in taken], np.intp)
        last = stays.shape[1] - 1
        now = stays[program, np.minimum(elapsed, last)]
        then = stays[program[:, None], np.minimum(elapsed[:, None] + days, last)]
        # Who stayed longer than anybody before may leave any day: the place is not counted on.
        share = np.where(now[:, None] > 0, then / np.maximum(now, 1e-9)[:, None], 1.0)
        np.add.at(lasting, program, share)
    return lasting
