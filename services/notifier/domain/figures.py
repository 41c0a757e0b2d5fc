"""Figures from sums: rates, medians and ninetieth percentiles, groups and the funnel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from services.notifier.domain.measures import COUNTS, RATES, TIMES, Measure

Counts = Mapping[str, int]
Frequencies = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Share:
    """A rate as its two sums; ``value`` is None where there is nothing to share."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """Numerator over denominator, to four places."""
        return round(self.numerator / self.denominator, 4) if self.denominator else None


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, in minutes; None where it never happened."""

    count: int
    median: int | None
    p90: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one value of a dimension."""

    value: str
    counts: Counts
    rates: Mapping[str, Share]
    times: Mapping[str, Spread]


@dataclass(frozen=True, slots=True)
class Stage:
    """How many came to a stage; ``share`` is None where nothing was submitted."""

    stage: str
    count: int
    share: float | None
    definition: str


def group(value: str, counts: Counts, times: Mapping[str, Frequencies]) -> Group:
    """Every figure of a group; what was never counted is 0."""
    return Group(
        value,
        {name: counts.get(name, 0) for name in COUNTS},
        shares(counts),
        {name.value: spread(times.get(name, {})) for name in TIMES},
    )


def groups(
    counts: Mapping[str, Counts], times: Mapping[str, Mapping[str, Frequencies]]
) -> list[Group]:
    """The figures of each value, by value."""
    return [group(v, counts.get(v, {}), times.get(v, {})) for v in sorted({*counts, *times})]


def shares(counts: Counts) -> dict[str, Share]:
    """Every rate."""
    return {
        name: Share(_sum(counts, rate.numerator), _sum(counts, rate.denominator))
        for name, rate in RATES.items()
    }


def spread(frequencies: Frequencies) -> Spread:
    """Median and p90 of a frequency table of minutes."""
    count = sum(frequencies.values())
    return Spread(count, nearest_rank(frequencies, 0.5), nearest_rank(frequencies, 0.9))


def nearest_rank(frequencies: Frequencies, share: float) -> int | None:
    """The smallest value that at least ``share`` of all do not exceed."""
    rank = ceil(share * sum(frequencies.values()))
    reached = 0
    for minutes in sorted(frequencies):
        reached += frequencies[minutes]
        if reached >= rank:
            return minutes
    return None


def stage(counts: Counts, measure: Measure) -> Stage:
    """One stage of the funnel, as a count and a share of what was submitted."""
    count = counts.get(measure, 0)
    share = Share(count, counts.get(Measure.SUBMITTED, 0)).value
    return Stage(measure.value, count, share, COUNTS[measure])


def _sum(counts: Counts, names: Sequence[str]) -> int:
    return sum(counts.get(name, 0) for name in names)
