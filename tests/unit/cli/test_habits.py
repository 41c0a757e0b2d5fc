"""Agencies' habits: fixed by the seed, within the deadline, and only steps that the API knows."""

from datetime import timedelta

import pytest

from contracts.bodies.referral_api import Complete, Contact, SayNo
from contracts.vocabulary import Need
from services.cli.habits import SCRIPT, Asked, Step, steps_for

BODIES = {
    "contacts": Contact(),
    "complete": Complete(),
    "decline": SayNo(),
    "not-served": SayNo(),
}
HALF_HOUR = timedelta(minutes=30)


def asked(agency_id: str, encounter: int, ordinal: int, need: str, left: timedelta) -> Asked:
    """An offer as habits see it."""
    return Asked(
        agency_id=agency_id, encounter=encounter, ordinal=ordinal, need=need, time_left=left
    )


def answers(seed: int, time_left: timedelta = HALF_HOUR) -> list[tuple[Step, ...]]:
    """The steps for many offers of one day."""
    return [
        steps_for(seed, asked(f"agency-{encounter % 7}", encounter, ordinal, need, time_left))
        for encounter in range(1, 40)
        for ordinal in (1, 2)
        for need in Need
    ]


def test_the_same_offer_is_always_answered_the_same_way() -> None:
    assert answers(3) == answers(3)
    assert answers(3) != answers(4)


def test_every_step_is_one_that_the_api_takes() -> None:
    for step in (step for steps in answers(1) for step in steps):
        body = dict(step.body)
        assert BODIES[step.name].validate(body) == {} if step.name in BODIES else body == {}


@pytest.mark.parametrize("time_left", [HALF_HOUR, timedelta(hours=4), timedelta(days=2)])
def test_who_answers_does_so_before_the_deadline(time_left: timedelta) -> None:
    for steps in answers(2, time_left):
        times = [step.after for step in steps]
        assert times == sorted(times)
        said = [s.after for s in steps if s.name in {"accept", "decline"}]
        assert all(after < time_left for after in said)


@pytest.mark.parametrize(
    ("encounter", "names"),
    [
        (2, ["acknowledge", "decline"]),
        (3, []),
        (4, ["acknowledge", "accept", "contacts", "not-served"]),
        (5, ["acknowledge", "decline"]),
    ],
)
def test_the_opening_of_every_day_is_scripted(encounter: int, names: list[str]) -> None:
    for seed in range(5):
        steps = steps_for(seed, asked("agency", encounter, 1, "counselling", HALF_HOUR))
        assert [step.name for step in steps] == names
    assert encounter in SCRIPT


def test_all_habits_occur() -> None:
    names = {step.name for steps in answers(1) for step in steps}
    assert names == {
        "acknowledge",
        "accept",
        "contacts",
        "engage",
        "complete",
        "decline",
        "not-served",
    }
    assert () in answers(1)


def test_agencies_differ_in_temper() -> None:
    days = {
        agency: sum(
            steps_for(1, asked(f"agency-{agency}", number, 1, "counselling", HALF_HOUR)) == ()
            for number in range(10, 200)
        )
        for agency in range(12)
    }
    assert max(days.values()) > 2 * min(days.values())
