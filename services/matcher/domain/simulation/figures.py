"""What a play came to: its figures, the services of groups, and two policies side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from services.matcher.domain.simulation.play import Played
from services.matcher.domain.simulation.town import GROUPS, URGENCIES, WINDOWS, Bools, Town

# Fewer of a group than these, and a ratio says nothing.
_TOO_FEW: Final = 30
_SMALL_CELL: Final = 10
_LEAST_RATIO: Final = 0.8
_LEVEL: Final = 0.05
_OTHER_LANGUAGE: Final = GROUPS.index("other_language")


@dataclass(frozen=True, slots=True)
class Run:
    """One play: ``limit`` is the value that nobody could exceed, ``decay`` that of the policy."""

    town: Town
    played: Played
    limit: float
    decay: float

    @property
    def started(self) -> Bools:
        """Which residents were started inside their window."""
        return np.isin(np.arange(len(self.town.residents.day)), list(self.played.starts))


@dataclass(frozen=True, slots=True)
class GroupService:
    """Service of a group against the rest; ``ratio`` and ``p`` None where too few were seen.

    ``p``: of two equal shares, after Holm over the groups. ``alarm``: below four fifths, or
    significantly other.
    """

    group: str
    seen: int
    options: float
    ratio: float | None
    p: float | None

    @property
    def alarm(self) -> bool:
        """Whether somebody should look into it."""
        return self.ratio is not None and (
            self.ratio < _LEAST_RATIO or (self.p is not None and self.p < _LEVEL)
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure under two policies on the same towns: means, and B less A with its 95 % limits."""

    name: str
    a: float
    b: float
    more: float
    low: float | None
    high: float | None


def figures(run: Run) -> dict[str, float]:
    """Shares of 1, minutes and days, in the order in which they are shown."""
    residents, started = run.town.residents, run.started
    who = np.array(sorted(run.played.starts), np.intp)
    where = np.array([run.played.starts[r][0] for r in who.tolist()], np.intp)
    waited = np.array([run.played.starts[r][1] for r in who.tolist()], float)
    lost = run.decay * waited / (WINDOWS[residents.urgency[who]] + 1)
    value = float((residents.value[who, where] * (1 - lost)).sum())
    foreign = residents.groups[who, _OTHER_LANGUAGE]
    in_time = {
        f"{urgency} in time": _mean(started[residents.urgency == number])
        for number, urgency in enumerate(URGENCIES)
    }
    return {
        "share of the limit": value / run.limit if run.limit else 0.0,
        **in_time,
        "all in time": _mean(started),
        "language match": _mean(residents.speaks[who, where][foreign]),
        "minutes of travel": _mean(residents.minutes[who, where]),
        "days waited": _mean(waited),
    }


def group_services(runs: Sequence[Run]) -> list[GroupService]:
    """The service of each group over all plays together."""
    started = np.concatenate([run.started for run in runs])
    inside = np.concatenate([run.town.residents.groups for run in runs])
    options = np.concatenate([(run.town.residents.value > 0).sum(axis=1) for run in runs])
    tests = [_tested(started, inside[:, column]) for column in range(len(GROUPS))]
    chances = _holm([p for _, p in tests])
    return [
        GroupService(group, int(member.sum()), _mean(options[member]), ratio, p)
        for group, member, (ratio, _), p in zip(GROUPS, inside.T, tests, chances, strict=True)
    ]


def compare(a: Sequence[Mapping[str, float]], b: Sequence[Mapping[str, float]]) -> list[Difference]:
    """Each figure under both, town by town: the chance that made the towns cancels out."""
    return [_difference(name, [x[name] for x in a], [x[name] for x in b]) for name in a[0]]


def _difference(name: str, a: Sequence[float], b: Sequence[float]) -> Difference:
    more = np.subtract(b, a)
    low = high = None
    if len(more) > 1:
        reach = stats.t.ppf(1 - _LEVEL / 2, len(more) - 1) * more.std(ddof=1) / len(more) ** 0.5
        low, high = float(more.mean() - reach), float(more.mean() + reach)
    return Difference(name, float(np.mean(a)), float(np.mean(b)), float(more.mean()), low, high)


def _tested(started: Bools, inside: Bools) -> tuple[float | None, float | None]:
    """Ratio of the served shares, and the chance of such a difference: z, or Fisher if few."""
    if min(inside.sum(), (~inside).sum()) < _TOO_FEW:
        return None, None
    cells = [[int((started[of] == hit).sum()) for hit in (True, False)] for of in (inside, ~inside)]
    rest = _mean(started[~inside])
    ratio = _mean(started[inside]) / rest if rest else None
    if min(map(min, cells)) < _SMALL_CELL:
        return ratio, float(stats.fisher_exact(cells).pvalue)
    # Without the correction for continuity this is the square of the two-proportion z.
    return ratio, float(stats.chi2_contingency(cells, correction=False).pvalue)


def _holm(chances: Sequence[float | None]) -> list[float | None]:
    """Holm's correction for testing several at once; what was not tested stays out."""
    known = sorted((p, place) for place, p in enumerate(chances) if p is not None)
    found: list[float | None] = [None] * len(chances)
    least = 0.0
    for rank, (p, place) in enumerate(known):
        least = max(least, min(1.0, p * (len(known) - rank)))
        found[place] = least
    return found


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
