"""What nobody could do better: the best starts, had all been known from the first day (an LP)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from services.matcher.domain.simulation.town import WINDOWS, Town

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Starts:
    """Every start that could have been: of whom, where, on which day, until when."""

    resident: Ints
    program: Ints
    day: Ints
    until: Ints
    worth: Floats


def hindsight(town: Town, decay: float) -> float:
    """The value of the best starts with arrivals, answers and stays known: an upper limit.

    The occupancy of each program and day is an unknown of its own, no more than the places:
    that of the day before, and who starts, less who leaves.
    """
    starts = _starts(town, decay)
    places, days = len(town.programs.places), town.scenario.days
    size, cells = len(starts.day), places * days
    once = sparse.csr_matrix(
        (np.ones(size), (starts.resident, np.arange(size))),
        (len(town.residents.day), size + cells),
    )
    solved = linprog(
        np.concatenate([-starts.worth, np.zeros(cells)]),
        A_ub=once,
        b_ub=np.ones(len(town.residents.day)),
        A_eq=_flow(starts, places, days),
        b_eq=_running(town),
        bounds=np.stack(
            [
                np.zeros(size + cells),
                np.concatenate([np.ones(size), np.repeat(town.programs.places, days)]),
            ],
            axis=1,
        ),
        method="highs",
    )
    return float(-solved.fun)


def _starts(town: Town, decay: float) -> _Starts:
    residents, days = town.residents, town.scenario.days
    resident, program = np.nonzero((residents.value > 0) & town.fate.yes)
    window = WINDOWS[residents.urgency[resident]].astype(np.intp) + 1
    pair = np.repeat(np.arange(len(resident)), window)
    waited = np.arange(len(pair)) - np.repeat(np.cumsum(window) - window, window)
    day = residents.day[resident[pair]] + waited
    closed = town.programs.closes[program[pair]] & (day >= days / 2)
    inside = (day < days) & ~closed
    pair, waited, day = pair[inside], waited[inside], day[inside]
    who, where = resident[pair], program[pair]
    return _Starts(
        resident=who,
        program=where,
        day=day,
        until=day + town.fate.stay[who, where],
        worth=residents.value[who, where] * (1 - decay * waited / window[pair]),
    )


def _flow(starts: _Starts, places: int, days: int) -> sparse.csr_matrix:
    """A row for each program and day: its occupancy, less yesterday's, starts, and ends."""
    size, cells = len(starts.day), places * days
    cell, start = np.arange(cells), np.arange(size)
    later = cell[cell % days > 0]
    ends = np.flatnonzero(starts.until < days)
    begin, end = starts.program * days + starts.day, starts.program * days + starts.until
    rows = np.concatenate([cell, later, begin, end[ends]])
    columns = np.concatenate([size + cell, size + later - 1, start, start[ends]])
    signs = np.repeat([1.0, -1.0, -1.0, 1.0], [cells, len(later), size, len(ends)])
    return sparse.csr_matrix((signs, (rows, columns)), (cells, size + cells))


def _running(town: Town) -> Floats:
    """What the stays that ran at the beginning add to each row."""
    days = town.scenario.days
    change = np.zeros((len(town.programs.places), days))
    for program, _, remaining in town.before:
        change[program, 0] += 1
        if remaining < days:
            change[program, remaining] -= 1
    return change.ravel()
