"""The towns to try a policy on: six of our own making, and what may be set in another."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a made-up town is like.

    ``days`` are played after five weeks of history; ``rate``: referrals a day; ``load``: nights
    asked for per night that there is; ``accept``: mean share of offers that an agency takes;
    ``surge``: how many times as many referrals in the third fifth of the days; ``closed``: share
    of programs that take nobody from half-time; ``interpreting`` and ``step_free``: share of
    programs that offer it; ``programs``: how many, over three needs; ``varied_stays``: as long
    as chance has it, instead of each program's own term.
    """

    name: str
    days: int = 60
    rate: float = 12.0
    load: float = 1.0
    accept: float = 1.0
    surge: float = 1.0
    closed: float = 0.0
    interpreting: float = 0.7
    step_free: float = 0.6
    programs: int = 24
    varied_stays: bool = False


SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario(name="balanced", load=0.95),
        Scenario(name="scarce", load=1.35),
        Scenario(name="surge", surge=2.0),
        Scenario(name="closures", closed=0.25),
        Scenario(name="thin", load=1.15, interpreting=0.2, step_free=0.3),
        Scenario(name="declines", load=1.1, accept=0.65, varied_stays=True),
    )
}
