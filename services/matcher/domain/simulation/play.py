"""Playing a policy in a made-up town, a day at a time."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from services.matcher.domain import capacity_policy
from services.matcher.domain.market import Market, Program, Request
from services.matcher.domain.policy import Policy
from services.matcher.domain.simulation.town import Town, program_id

Told = Callable[[int], None]


@dataclass(slots=True)
class Played:
    """What came of it: starts as resident -> (program, days waited), and days by basis."""

    starts: dict[int, tuple[int, int]] = field(default_factory=dict)
    days_by_basis: Counter[str] = field(default_factory=Counter)
    held: int = 0


@dataclass(slots=True)
class _State:
    """A day of the play. ``stays``: [program, elapsed, remaining]; ``holds``: (until, resident)."""

    free: list[int]
    stays: list[list[int]]
    asked: list[dict[str, tuple[float, float]]]
    waiting: list[int] = field(default_factory=list)
    pending: list[tuple[int, int, int]] = field(default_factory=list)
    past: dict[int, Request] = field(default_factory=dict)


def play(town: Town, policy: Policy, seed: int, told: Told = lambda _: None) -> Played:
    """The days of a town under a policy.

    An agency answers an offer by its own chance, whoever asks. A yes begins the stay at once; a
    no gives the place back after a day, or two where the agency is slow, and the person is
    routed again. Whoever is not started inside the window is missed.
    """
    rng = np.random.Generator(np.random.PCG64([seed, 1]))
    played, state = Played(), _begin(town)
    before = [
        town.history.request(r, town.options(town.history, r)) for r in range(len(town.history.day))
    ]
    for day in range(town.scenario.days):
        _next_day(town, state, day, played)
        market = _market(town, state, day, before)
        if market.queue:
            found = capacity_policy.decide(market, policy, rng)
            played.days_by_basis[found.basis] += 1
            played.held += len(found.held)
            _answer(town, state, day, found.offers, played)
        told(day + 1)
    return played


def _begin(town: Town) -> _State:
    free = town.programs.places.tolist()
    for program, _, _ in town.before:
        free[program] -= 1
    asked = [town.options(town.residents, r) for r in range(len(town.residents.day))]
    return _State(free, [list(stay) for stay in town.before], asked)


def _next_day(town: Town, state: _State, day: int, played: Played) -> None:
    """Stays end, refusals come back, residents arrive, and windows close."""
    if day:
        for stay in state.stays:
            stay[1] += 1
            stay[2] -= 1
    for program, _, remaining in state.stays:
        state.free[program] += remaining <= 0
    state.stays = [stay for stay in state.stays if stay[2] > 0]
    for _, program, _ in [held for held in state.pending if held[0] <= day]:
        state.free[program] += 1
    state.pending = [held for held in state.pending if held[0] > day]
    state.waiting += np.flatnonzero(town.residents.day == day).tolist()
    for resident in state.waiting:
        _remember(town, state, resident, day, played)
    state.waiting = [r for r in state.waiting if state.past[r].served is None]


def _remember(town: Town, state: _State, resident: int, day: int, played: Played) -> None:
    known = state.past.get(resident)
    if known is None:
        known = town.residents.request(resident, dict(state.asked[resident]))
    over = day - known.arrived > known.window
    served = True if resident in played.starts else False if over else None
    state.past[resident] = replace(known, served=served)


def _market(town: Town, state: _State, day: int, before: list[Request]) -> Market:
    is_open = town.is_open(day)
    busy = {resident for _, _, resident in state.pending}
    return Market(
        now=float(day),
        programs=[
            Program(program_id(p), int(places), state.free[p], bool(is_open[p]), stays)
            for p, (places, stays) in enumerate(
                zip(town.programs.places, town.programs.stays, strict=True)
            )
        ],
        occupied=[(program_id(p), float(elapsed)) for p, elapsed, _ in state.stays],
        queue=[
            replace(state.past[r], options=state.asked[r]) for r in state.waiting if r not in busy
        ],
        past=[*before, *state.past.values()],
    )


def _answer(
    town: Town, state: _State, day: int, made: tuple[tuple[str, str], ...], played: Played
) -> None:
    """The agencies' answers, in the order of the offers; the first yes ends the others."""
    for request_id, name in made:
        resident, program = int(request_id.partition("-")[2]), int(name[1:])
        if resident in played.starts:
            continue
        state.free[program] -= 1
        del state.asked[resident][name]
        if town.fate.yes[resident, program]:
            played.starts[resident] = (program, day - int(town.residents.day[resident]))
            state.stays.append([program, 0, int(town.fate.stay[resident, program])])
        else:
            back = day + int(town.fate.answer_days[resident, program])
            state.pending.append((back, program, resident))
