"""A figure: what was measured in interleaved rounds, what it comes to, and the goal beside it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that was measured, round after round; a ``floor`` is what nobody could go below."""

    what: str
    unit: str
    rounds: tuple[float, ...]
    floor: bool = False

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.rounds)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the measures come to, the goal in words, and whether it is met; None = no goal."""

    said: str
    value: float
    goal: str | None = None
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """All of one benchmark; ``notes`` say where the time goes."""

    name: str
    title: str
    measures: tuple[Measure, ...]
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)


def figure_of(data: Mapping[str, Any]) -> Figure:
    """The figure that was kept."""
    measures = [Measure(**{**each, "rounds": tuple(each["rounds"])}) for each in data["measures"]]
    verdicts = [Verdict(**each) for each in data["verdicts"]]
    title, notes = data["title"], tuple(data["notes"])
    return Figure(data["name"], title, tuple(measures), tuple(verdicts), notes)


def at_most(said: str, ratio: float, goal: float, words: str | None = None) -> Verdict:
    """A verdict on something that should be small."""
    return Verdict(said, ratio, words or f"<= {goal:g}", ratio <= goal)


def at_least(said: str, ratio: float, goal: float) -> Verdict:
    """A verdict on something that should be large."""
    return Verdict(said, ratio, f">= {goal:g}", ratio >= goal)


def by_round(ours: Sequence[float], floor: Sequence[float]) -> float:
    """The middle of the ratios, each to the floor of its own round."""
    return median(one / under for one, under in zip(ours, floor, strict=True))


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The power of the size with which a cost grows: the slope of both logarithms (least squares).

    0 = it does not grow, 1 = as much as the size.
    """
    xs, ys = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    across = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    return across / sum((a - x) ** 2 for a in xs)
