"""What programs did so far: how often they said yes, and how long their places were taken."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Final

# What is believed of a sector before it answered, and what that belief counts in answers.
_USUAL_YES: Final = 0.8
_BELIEF: Final = 10.0
_USUAL_STAY_DAYS: Final = 30.0
_LONGEST_DAYS: Final = 120
# Fewer ended stays than these tell nothing about a program, or about a sector.
_FEW_STAYS: Final = 20


@dataclass(frozen=True, slots=True)
class Answers:
    """How often each program said yes, and no or nothing, to those who were put to it."""

    yes: Mapping[str, int]
    no: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Stay:
    """A place of a program that was taken for some days; ``ended`` False = it is still."""

    program_id: str
    days: float
    ended: bool


def acceptance(sectors: Mapping[str, str], answers: Answers) -> dict[str, float]:
    """The chance of a yes by program, between 0 and 1.

    A mean of its own answers and of ten at its sector's rate, so that a new program begins as its
    sector's average (a beta prior's mean: Gelman et al., Bayesian Data Analysis, 2.4).
    """
    yes, no = _by_sector(sectors, answers.yes), _by_sector(sectors, answers.no)
    rate = {sector: _mean(yes[sector], no[sector], _USUAL_YES) for sector in set(sectors.values())}
    return {
        program: round(
            _mean(answers.yes.get(program, 0), answers.no.get(program, 0), rate[sector]), 4
        )
        for program, sector in sectors.items()
    }


def stays(sectors: Mapping[str, str], known: Iterable[Stay]) -> dict[str, tuple[float, ...]]:
    """By program, the share of stays longer than 0, 1, 2 .. days.

    Its own where it has enough, else its sector's, else as if they ended by chance after 30 days
    in the mean.
    """
    found = [stay for stay in known if stay.program_id in sectors]
    by_program = _grouped(found, lambda stay: stay.program_id)
    by_sector = _grouped(found, lambda stay: sectors[stay.program_id])
    usual = tuple(round(exp(-day / _USUAL_STAY_DAYS), 4) for day in range(_LONGEST_DAYS))
    of_sector = {
        sector: survival(by_sector.get(sector, ())) or usual for sector in sectors.values()
    }
    return {
        program: survival(by_program.get(program, ())) or of_sector[sector]
        for program, sector in sectors.items()
    }


def survival(known: Sequence[Stay]) -> tuple[float, ...] | None:
    """The share of stays longer than 0, 1, 2 .. days, or None where too few have ended.

    Stays that last still count for as long as they are known: the product-limit estimate (Kaplan
    and Meier 1958, doi 10.2307/2281868).
    """
    if sum(stay.ended for stay in known) < _FEW_STAYS:
        return None
    ends = Counter(int(stay.days) for stay in known if stay.ended)
    leaves = Counter(int(stay.days) for stay in known)
    there, share, curve = len(known), 1.0, [1.0]
    for day in range(min(max(leaves), _LONGEST_DAYS) + 1):
        share *= 1 - ends[day] / there if there else 1.0
        there -= leaves[day]
        curve.append(round(share, 4))
    # Who is there still at the end of what is known does not all leave the day after.
    beyond = range(1, _LONGEST_DAYS + 1) if share else ()
    return (*curve, *(round(share * exp(-day / _USUAL_STAY_DAYS), 4) for day in beyond))


def _by_sector(sectors: Mapping[str, str], counts: Mapping[str, int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for program, count in counts.items():
        if program in sectors:
            found[sectors[program]] += count
    return found


def _mean(yes: float, no: float, believed: float) -> float:
    return (yes + _BELIEF * believed) / (yes + no + _BELIEF)


def _grouped(known: Iterable[Stay], of: Callable[[Stay], str]) -> dict[str, list[Stay]]:
    found: defaultdict[str, list[Stay]] = defaultdict(list)
    for stay in known:
        found[of(stay)].append(stay)
    return found
