"""Retrieval finds what looking at every program would find: the same, in the same order."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random

import pytest

from services.matcher.domain.catalogue import Catalogue
from services.matcher.domain.directory import Program
from services.matcher.domain.eligibility import open_questions
from services.matcher.domain.look import Considered, best_first, consider
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import Request
from services.matcher.domain.score import Weights
from tests.unit.matcher.chance import program_by_chance, request_by_chance
from tests.unit.matcher.samples import NOON

POLICIES = (
    Policy(),
    Policy(farthest_km=30.0),
    Policy(weights=Weights(per_km=0.37, spare_accommodation=0.333, asks=3.0, longest_km=60.0)),
)


def all_of_them(
    programs: Iterable[Program], asked: Request, now: datetime, policy: Policy
) -> list[Considered]:
    """Every candidate, looked at one by one."""
    wanted = [
        one
        for one in programs
        if (one.id == asked.hand if asked.hand else asked.facts.need in one.needs)
    ]
    return sorted((consider(one, asked, 0, now, policy) for one in wanted), key=best_first)


def compare(
    catalogue: Catalogue, asked: Request, now: datetime, policy: Policy, count: int
) -> None:
    found = all_of_them(catalogue.programs.values(), asked, now, policy)
    fits = [(one.program_id, one.score) for one in found if one.score is not None]
    assert [*catalogue.best(asked, now, policy, count).items()] == fits[:count]
    assert catalogue.fitting(asked, now, policy) == sorted(name for name, _ in fits)
    reasons = Counter(reason.value for one in found for reason in one.reasons)
    assert catalogue.eliminated(asked, policy) == reasons
    out = catalogue.out(asked, now, policy, count)
    assert len(set(out)) == len(out) == min(count, len(found) - len(fits))
    assert {*out}.isdisjoint(name for name, _ in fits)
    if asked.hand is None:
        programs = catalogue.programs.values()
        expected = open_questions(programs, asked.facts, policy.farthest_km)
        assert catalogue.open_questions(asked.facts, policy) == expected


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("spread", [0.3, 3.0])
def test_the_best_are_those_of_looking_at_every_program(policy: Policy, spread: float) -> None:
    chance = Random(7)  # noqa: S311 - the same in every run
    programs = [program_by_chance(chance, number, spread) for number in range(300)]
    catalogue = Catalogue(programs)
    for number in range(40):
        asked = request_by_chance(chance, number, programs, spread)
        now = NOON + timedelta(hours=chance.randrange(48))
        compare(catalogue, asked, now, policy, chance.choice([1, 8, 64]))
