"""A made-up town: its programs, its residents with what each may have, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contracts.vocabulary import Urgency
from services.matcher.domain.market import Request
from services.matcher.domain.simulation.scenario import Scenario

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

HISTORY_DAYS: Final = 35
LONGEST_STAY: Final = 120
URGENCIES: Final = (Urgency.CRISIS, Urgency.URGENT, Urgency.ROUTINE)
WINDOWS: Final = np.array([1.0, 3.0, 14.0])
WEIGHTS: Final = np.array([3.0, 2.0, 1.0])
GROUPS: Final = ("other_language", "access", "remote")
_SHARES: Final = np.array([0.15, 0.35, 0.5])
_MEAN_STAYS: Final = np.array([28.0, 20.0, 24.0])
_NEEDS: Final = 3
_LANGUAGES: Final = np.array([0.78, 0.14, 0.08])
_WEEK: Final = np.array([1.1, 1.05, 1.0, 1.0, 1.15, 0.9, 0.8])
# Minutes on the road at which a place's worth by distance has fallen to a third.
_FAR_MINUTES: Final = 20.0
_REMOTE_MINUTES: Final = 12.0
_NEEDING_ACCESS: Final = 0.15
_LIKED: Final = 0.2
_SLOW: Final = 0.3
_NO_ROAD_MINUTES: Final = 60.0


@dataclass(frozen=True, slots=True)
class Programs:
    """Programs by number. ``stays[p, d]``: share of stays longer than d days."""

    need: Ints
    at: Floats
    speaks: Bools
    interprets: Bools
    step_free: Bools
    accept: Floats
    places: Ints
    stays: Floats
    closes: Bools


@dataclass(frozen=True, slots=True)
class Residents:
    """Residents in the order of arrival; ``value[r, p]`` 0 where a program is none for them."""

    day: Ints
    urgency: Ints
    value: Floats
    minutes: Floats
    speaks: Bools
    groups: Bools

    def request(self, number: int, options: dict[str, tuple[float, float]]) -> Request:
        """The request of a resident."""
        urgency = int(self.urgency[number])
        return Request(
            id=f"{self.day[number] + HISTORY_DAYS:04}-{number:05}",
            arrived=float(self.day[number]),
            window=float(WINDOWS[urgency]),
            urgency=URGENCIES[urgency],
            options=options,
            groups=frozenset(
                name for name, has in zip(GROUPS, self.groups[number], strict=True) if has
            ),
            parallel=_NEEDS - urgency,
        )


@dataclass(frozen=True, slots=True)
class Fate:
    """What would come of each pair: a yes or not, days until the answer, days of the stay."""

    yes: Bools
    answer_days: Ints
    stay: Ints


@dataclass(frozen=True, slots=True)
class Town:
    """All of it. ``before``: (program, elapsed, remaining) of each stay as the play begins."""

    scenario: Scenario
    programs: Programs
    history: Residents
    residents: Residents
    before: Sequence[tuple[int, int, int]]
    fate: Fate

    def is_open(self, day: int) -> Bools:
        """Which programs take somebody on a day."""
        return ~(self.programs.closes & (day >= self.scenario.days / 2))

    def options(self, residents: Residents, number: int) -> dict[str, tuple[float, float]]:
        """What a resident may have: program id -> (value, acceptance)."""
        found = np.flatnonzero(residents.value[number] > 0).tolist()
        value, accept = residents.value[number].tolist(), self.programs.accept.tolist()
        return {program_id(p): (value[p], accept[p]) for p in found}


def program_id(number: int) -> str:
    """The id of a program of a made-up town."""
    return f"p{number:03}"


def build(scenario: Scenario, seed: int) -> Town:
    """The town of a scenario and a seed; parts are drawn apart, so that one shifts no other."""
    streams = [
        np.random.Generator(np.random.PCG64(one)) for one in np.random.SeedSequence(seed).spawn(4)
    ]
    programs = _programs(scenario, streams[0])
    history = _residents(scenario, programs, streams[1], np.ones(HISTORY_DAYS), -HISTORY_DAYS)
    rhythm = np.ones(scenario.days)
    rhythm[scenario.days * 2 // 5 : scenario.days * 3 // 5] = scenario.surge
    residents = _residents(scenario, programs, streams[2], rhythm, 0)
    before = _before(scenario, programs, streams[3])
    return Town(
        scenario, programs, history, residents, before, _fate(programs, residents, streams[3])
    )


def _programs(scenario: Scenario, draw: np.random.Generator) -> Programs:
    count = scenario.programs
    need = np.arange(count) % _NEEDS
    mean = _MEAN_STAYS[need] * draw.uniform(0.7, 1.3, count)
    stays = _stays(mean, varied=scenario.varied_stays)
    nights = scenario.rate * stays.sum(axis=1) / (_NEEDS * scenario.load)
    size = draw.uniform(0.5, 1.5, count)
    share = size / np.bincount(need, weights=size)[need]
    sure = scenario.accept >= 1
    return Programs(
        need=need,
        at=_homes(draw, count),
        speaks=draw.random((count, len(_LANGUAGES))) < np.array([1.0, 0.4, 0.15]),
        interprets=draw.random(count) < scenario.interpreting,
        step_free=draw.random(count) < scenario.step_free,
        accept=np.ones(count)
        if sure
        else draw.beta(9 * scenario.accept, 9 * (1 - scenario.accept), count),
        places=np.maximum(1, np.round(nights * share)).astype(np.intp),
        stays=stays,
        closes=draw.random(count) < scenario.closed,
    )


def _stays(mean: Floats, *, varied: bool) -> Floats:
    """Shares of stays that are longer than each number of days: of a fixed term, or varied.

    Varied ones are the sum of two equal, memoryless parts: few leave at once, few stay for ever.
    """
    days = np.arange(LONGEST_STAY + 1)
    part = 2 * days / mean[:, None]
    stays = np.exp(-part) * (1 + part) if varied else (days < mean[:, None]).astype(float)
    stays[:, -1] = 0.0
    return stays


def _homes(draw: np.random.Generator, count: int) -> Floats:
    """Places on two roads that cross in the middle of the town: (road, minutes from there)."""
    return np.stack([draw.integers(0, 4, count), draw.exponential(9.0, count)], axis=1)


def _residents(
    scenario: Scenario,
    programs: Programs,
    draw: np.random.Generator,
    rhythm: Floats,
    first: int,
) -> Residents:
    each = scenario.rate * rhythm * np.resize(_WEEK, len(rhythm))
    day = np.repeat(np.arange(len(rhythm)), draw.poisson(each)) + first
    count = len(day)
    need = draw.integers(0, _NEEDS, count)
    home, language = _homes(draw, count), draw.choice(len(_LANGUAGES), count, p=_LANGUAGES)
    access = draw.random(count) < _NEEDING_ACCESS
    urgency = draw.choice(len(URGENCIES), count, p=_SHARES)
    minutes = _minutes(home, programs.at)
    speaks = programs.speaks.T[language]
    fits = (
        (need[:, None] == programs.need)
        & (speaks | programs.interprets)
        & (programs.step_free | ~access[:, None])
        & (minutes < _NO_ROAD_MINUTES)
    )
    liked = draw.random(fits.shape) < _LIKED
    quality = 0.55 + 0.25 * np.exp(-minutes / _FAR_MINUTES) + 0.1 * speaks + 0.1 * liked
    value = WEIGHTS[urgency][:, None] * quality * fits
    remote = np.where(fits, minutes, np.inf).min(axis=1, initial=np.inf) > _REMOTE_MINUTES
    groups = np.stack([language > 0, access, remote], axis=1)
    kept = fits.any(axis=1)
    return Residents(
        day[kept], urgency[kept], value[kept], minutes[kept], speaks[kept], groups[kept]
    )


def _minutes(home: Floats, at: Floats) -> Floats:
    """Along the road where both are on one, else over the crossing."""
    same = home[:, None, 0] == at[None, :, 0]
    apart = np.abs(home[:, None, 1] - at[None, :, 1])
    return np.where(same, apart, home[:, None, 1] + at[None, :, 1])


def _drawn_stay(stays: Floats, draw: np.random.Generator, count: int) -> Ints:
    """Lengths of stay, one day at least."""
    longer = stays[None, :] > draw.random(count)[:, None]
    return np.asarray(np.maximum(1, longer.sum(axis=1)), np.intp)


def _before(
    scenario: Scenario, programs: Programs, draw: np.random.Generator
) -> list[tuple[int, int, int]]:
    """The stays that run as the play begins, as long ago begun as stays of that kind are."""
    found = []
    for program, places in enumerate(programs.places):
        stays = programs.stays[program]
        taken = draw.binomial(places, min(0.95, scenario.load))
        for elapsed in draw.choice(len(stays), taken, p=stays / stays.sum()).tolist():
            left = int((stays[elapsed:] / stays[elapsed] > draw.random()).sum())
            found.append((program, elapsed, max(1, left)))
    return found


def _fate(programs: Programs, residents: Residents, draw: np.random.Generator) -> Fate:
    shape = residents.value.shape
    stay = [_drawn_stay(stays, draw, shape[0]) for stays in programs.stays]
    return Fate(
        yes=draw.random(shape) < programs.accept,
        answer_days=np.where(draw.random(shape) < _SLOW, 2, 1),
        stay=np.stack(stay, axis=1),
    )
