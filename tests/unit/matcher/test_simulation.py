"""Made-up towns: a play keeps to the places, repeats itself, and no play beats the limit."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from services.matcher.domain.policy import Policy
from services.matcher.domain.simulation.figures import (
    Run,
    compare,
    figures,
    group_services,
)
from services.matcher.domain.simulation.limit import hindsight
from services.matcher.domain.simulation.play import Played, play
from services.matcher.domain.simulation.scenario import SCENARIOS, Scenario
from services.matcher.domain.simulation.town import WINDOWS, Town, build

SMALL = Scenario(name="small", days=16, rate=4.0, load=1.4, programs=6)
DECAY = Policy().waiting_decay
POLICIES = {"daily": Policy(hold_back=False), "ahead": Policy()}


@cache
def played(name: str, policy: str, seed: int = 1) -> tuple[Town, Played]:
    """A play of a small town with what its scenario changes."""
    given = SCENARIOS[name]
    small = replace(given, days=16, rate=4.0, programs=6)
    town = build(small, seed)
    return town, play(town, POLICIES[policy], seed)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_nobody_is_started_where_no_place_is_or_no_option_or_after_the_window(
    name: str, policy: str
) -> None:
    town, came = played(name, policy)
    taken = np.zeros((len(town.programs.places), town.scenario.days))
    for program, _, remaining in town.before:
        taken[program, :remaining] += 1
    for resident, (program, waited) in came.starts.items():
        day = town.residents.day[resident] + waited
        taken[program, day : day + town.fate.stay[resident, program]] += 1
        assert town.residents.value[resident, program] > 0
        assert town.fate.yes[resident, program]
        assert town.is_open(day)[program]
        assert 0 <= waited <= WINDOWS[town.residents.urgency[resident]]
    assert (taken <= town.programs.places[:, None]).all()


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_policy_beats_the_limit_and_a_good_one_comes_near(name: str) -> None:
    for policy in POLICIES:
        town, came = played(name, policy)
        share = figures(Run(town, came, hindsight(town, DECAY), DECAY))["share of the limit"]
        assert 0.6 < share <= 1 + 1e-9


def best_of_all(town: Town, resident: int, taken: np.ndarray) -> float:
    """The value of the best starts from a resident on: every way is tried."""
    if resident == len(town.residents.day):
        return 0.0
    best = best_of_all(town, resident + 1, taken)
    for program, day, worth in ways(town, resident):
        until = day + town.fate.stay[resident, program]
        if (taken[program, day:until] < town.programs.places[program]).all():
            taken[program, day:until] += 1
            best = max(best, worth + best_of_all(town, resident + 1, taken))
            taken[program, day:until] -= 1
    return best


def ways(town: Town, resident: int) -> Iterator[tuple[int, int, float]]:
    residents = town.residents
    window = int(WINDOWS[residents.urgency[resident]])
    for program in np.flatnonzero((residents.value[resident] > 0) & town.fate.yes[resident]):
        for waited in range(window + 1):
            day = int(residents.day[resident]) + waited
            if day < town.scenario.days:
                lost = DECAY * waited / (window + 1)
                yield int(program), day, float(residents.value[resident, program]) * (1 - lost)


@pytest.mark.parametrize("seed", range(4))
def test_the_limit_is_that_of_trying_every_way(seed: int) -> None:
    town = build(Scenario(name="tiny", days=4, rate=1.2, load=2.0, programs=3), seed)
    taken = np.zeros((3, 200), int)
    for program, _, remaining in town.before:
        taken[program, :remaining] += 1
    best = best_of_all(town, 0, taken)
    assert best > 0
    # The programme may split a person where trying every way may not.
    assert best <= hindsight(town, DECAY) + 1e-9 <= best * 1.1


def test_the_same_seed_is_the_same_play_and_another_is_another() -> None:
    town, came = played("declines", "ahead")
    again = play(build(town.scenario, 1), POLICIES["ahead"], 1)
    other = played("declines", "ahead", seed=2)[1]
    assert again == came
    assert other.starts != came.starts


def test_a_policy_that_holds_back_serves_more_crises_and_earns_more_where_places_are_scarce() -> (
    None
):
    found = {}
    for policy, how in POLICIES.items():
        runs = []
        for seed in (1, 2):
            town = build(replace(SMALL, days=40), seed)
            runs.append(Run(town, play(town, how, seed), hindsight(town, DECAY), DECAY))
        found[policy] = [figures(run) for run in runs]
    rows = {row.name: row for row in compare(found["daily"], found["ahead"])}
    assert rows["share of the limit"].more > 0.01
    assert rows["crisis in time"].more > 0.0
    assert rows["routine in time"].more < 0.0, "the trade that has to be shown"


def test_differences_are_taken_town_by_town_with_their_limits() -> None:
    row = compare([{"x": 1.0}, {"x": 5.0}, {"x": 3.0}], [{"x": 2.0}, {"x": 7.0}, {"x": 6.0}])[0]
    assert (row.a, row.b, row.more) == (3.0, 5.0, 2.0)
    # 2 -+ 4.303 x 1 / sqrt(3)
    assert (row.low, row.high) == pytest.approx((-0.484, 4.484), abs=0.001)
    alone = compare([{"x": 1.0}], [{"x": 2.0}])[0]
    assert (alone.low, alone.high) == (None, None)


def test_a_group_that_is_served_less_raises_an_alarm_and_a_small_one_says_nothing() -> None:
    town = build(replace(SMALL, days=40), 1)
    count = len(town.residents.day)
    groups = np.zeros((count, 3), bool)
    groups[: count // 2, 0] = True
    groups[:5, 1] = True
    groups[::2, 2] = True
    residents = replace(town.residents, groups=groups)
    starts = dict.fromkeys(range(count // 2, count), (0, 0))
    run = Run(replace(town, residents=residents), Played(starts=starts), 1.0, DECAY)
    first, few, mixed = group_services([run])
    assert (first.ratio, first.alarm) == (0.0, True)
    assert (few.ratio, few.p, few.alarm) == (None, None, False)
    assert mixed.ratio == pytest.approx(1.0, abs=0.1)
    assert mixed.alarm is False
