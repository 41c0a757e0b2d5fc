"""The plan of a played day: the same for the same seed, and rich enough whatever the seed."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.bodies.referral_api import CorrectReferral, SubmitReferral, TallyBody, Withdraw
from services.cli.plan import Plan, plan_day

START = datetime(2026, 3, 9, 12, tzinfo=UTC)
SEEDS = range(8)


def test_the_same_seed_plans_the_same_day() -> None:
    assert plan_day(7, START) == plan_day(7, START)
    assert plan_day(7, START) != plan_day(8, START)


def test_two_days_of_one_seed_share_no_key() -> None:
    first, second = plan_day(7, START), plan_day(7, START + timedelta(days=1))
    assert not {e.key for e in first.encounters} & {e.key for e in second.encounters}


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_planned_is_what_the_api_takes(seed: int) -> None:
    for encounter in plan_day(seed, START).encounters:
        schema = TallyBody() if encounter.tally else SubmitReferral()
        assert schema.validate(encounter.body) == {}
        if encounter.change is not None:
            change = Withdraw() if encounter.change.step == "withdraw" else CorrectReferral()
            assert change.validate(encounter.change.body) == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_day_shows_what_a_day_must_show(seed: int) -> None:
    plan = plan_day(seed, START)
    submitted = [e for e in plan.encounters if not e.tally]
    assert {e.body["urgency"] for e in submitted} == {"crisis", "urgent", "routine"}
    assert "domestic_violence_shelter" in {e.body["need"] for e in submitted}
    assert {e.change.step for e in submitted if e.change} == {"withdraw", "correct"}
    assert any(e.tally for e in plan.encounters)
    assert any(e.unit_id == "academy" for e in submitted)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_encounters_are_at_the_same_moment(seed: int) -> None:
    plan = plan_day(seed, START)
    moments = [encounter.at for encounter in plan.encounters]
    assert moments == sorted(set(moments))
    assert plan.start <= moments[0]
    assert moments[-1] <= plan.end


def test_a_short_day_has_as_many_encounters_as_asked_for() -> None:
    plan: Plan = plan_day(1, START, encounters=3)
    assert [encounter.number for encounter in plan.encounters] == [1, 2, 3]
