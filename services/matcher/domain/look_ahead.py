"""The look-ahead plan: which starts, today and later, make the most of the places (an LP)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from services.matcher.domain.demand import Demand, Floats, Ints
from services.matcher.domain.supply import Supply

# After how many days a start that is not made at once may be made; a finer plan gains nothing.
_DELAYS: Final = np.array([0, 1, 2, 3, 5, 7, 10, 14])
# How long an agency takes to say no, in the mean.
_ANSWER_DAYS: Final = 1.3


@dataclass(frozen=True, slots=True)
class Plan:
    """What to offer today, and what a start costs those who come later.

    ``of``, ``program``, ``share``: the planned offers of today by request and program number;
    ``price``: opportunity cost of a start today by program, in units of value.
    """

    of: Ints
    program: Ints
    share: Floats
    price: Floats


@dataclass(frozen=True, slots=True)
class _Starts:
    """The unknowns: offers by option and step."""

    of: Ints
    program: Ints
    step: Ints
    gain: Floats
    accept: Floats
    spent: Floats
    most: Floats


def plan_starts(supply: Supply, demand: Demand, decay: float, pivots: int) -> Plan | None:
    """The plan of greatest expected value, or None where the solver has none after the pivots.

    Maximises the sum of gain x offers, such that nobody is started more than once or gets two
    offers today, no more offers go out today than places are free, and at no later step the
    stays that then last exceed the places; an offer is a start by its chance of acceptance.
    With a single step it is the assignment of today's places.
    """
    starts = _starts(supply, demand, decay)
    if not len(starts.of):
        return Plan(starts.of, starts.program, starts.gain, np.zeros(len(supply.places)))
    places, steps = supply.places.shape
    count = places * steps
    limits = sparse.vstack([_once_each(starts, demand, count), *_room(starts, supply)]).tocsr()
    solved = linprog(
        np.concatenate([-starts.gain, np.zeros(count)]),
        A_ub=limits,
        b_ub=np.concatenate([demand.mass, demand.mass, supply.today, supply.places[:, 1:].ravel()]),
        A_eq=_begun(starts, places, steps),
        b_eq=np.zeros(count),
        bounds=np.stack([np.zeros(limits.shape[1]), _most(starts, count)], axis=1),
        method="highs-ds",
        options={"maxiter": pivots},
    )
    if solved.status != 0:
        return None
    price = np.abs(solved.eqlin.marginals.reshape(places, steps)[:, 0])
    today = np.flatnonzero(starts.step == 0)
    return Plan(starts.of[today], starts.program[today], solved.x[today], price)


def _starts(supply: Supply, demand: Demand, decay: float) -> _Starts:
    """Every start of an option inside its window, the earliest of each step.

    The last step is its first day alone: what would come later is left out.
    """
    arrived, window = demand.arrived[demand.of], demand.window[demand.of]
    first = np.maximum(arrived, 0.0)
    option = np.repeat(np.arange(len(demand.of)), len(_DELAYS))
    day = (first[:, None] + _DELAYS).ravel()
    waited = day - arrived[option]
    step = supply.step(day)
    inside = (waited <= window[option]) & (day < supply.begins[-1] + 1)
    inside[1:] &= (step[1:] != step[:-1]) | (option[1:] != option[:-1])
    inside &= (step > 0) | (supply.today[demand.program[option]] > 0)
    option, waited, step = option[inside], waited[inside], step[inside]
    accept = demand.accept[option]
    return _Starts(
        of=demand.of[option],
        program=demand.program[option],
        step=step,
        gain=demand.worth(waited, decay, option) * accept,
        accept=accept,
        spent=_spent(accept, window[option] - waited),
        most=demand.mass[demand.of[option]],
    )


def _spent(accept: Floats, remaining: Floats) -> Floats:
    """What an offer takes of its request: all of it, but where a refusal leaves time to ask again.

    A refusal comes with the chance 1 - a, and of the tries that fit into the remaining days one
    says yes with the chance 1 - (1 - a)^tries.
    """
    again = 1 - (1 - accept) ** (remaining / _ANSWER_DAYS)
    return np.asarray(1 - (1 - accept) * again)


def _most(starts: _Starts, count: int) -> Floats:
    return np.concatenate([starts.most, np.full(count, np.inf)])


def _once_each(starts: _Starts, demand: Demand, count: int) -> sparse.csr_matrix:
    """A row for the starts of each request, and one for its offers of today."""
    size, requests = len(starts.of), len(demand.mass)
    today = np.flatnonzero(starts.step == 0)
    rows = np.concatenate([starts.of, requests + starts.of[today]])
    columns = np.concatenate([np.arange(size), today])
    values = np.concatenate([starts.spent, np.ones(len(today))])
    return sparse.csr_matrix((values, (rows, columns)), (2 * requests, size + count))


def _begun(starts: _Starts, places: int, steps: int) -> sparse.csr_matrix:
    """A row for each program and step: its expected starts, which get an unknown of their own."""
    size, count = len(starts.of), places * steps
    row = np.concatenate([starts.program * steps + starts.step, np.arange(count)])
    values = np.concatenate([starts.accept, -np.ones(count)])
    return sparse.csr_matrix((values, (row, np.arange(size + count))), (count, size + count))


def _room(starts: _Starts, supply: Supply) -> list[sparse.csr_matrix]:
    """A row for each program's offers of today, and one for its stays at each later step."""
    places, steps = supply.places.shape
    size, count = len(starts.of), places * steps
    today = np.flatnonzero(starts.step == 0)
    shape = (places, size + count)
    offered = (np.ones(len(today)), (starts.program[today], today))
    program, later, begun = np.nonzero(supply.remains[:, 1:, :])
    lasting = supply.remains[program, later + 1, begun]
    cells = (program * (steps - 1) + later, size + program * steps + begun)
    stays = sparse.csr_matrix((lasting, cells), (places * (steps - 1), size + count))
    return [sparse.csr_matrix(offered, shape), stays]
