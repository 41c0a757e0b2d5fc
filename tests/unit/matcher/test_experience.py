"""What is learnt of programs: how often they say yes, and how long their places are taken."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matcher.domain.experience import Answers, Stay, acceptance, stays, survival

SECTORS = {"new": "housing", "willing": "housing", "unwilling": "housing", "talks": "youth"}
STAYS = st.lists(st.tuples(st.floats(0, 200), st.booleans()), max_size=80)


def stayed(*known: tuple[float, bool], program: str = "willing") -> list[Stay]:
    return [Stay(program, days, ended) for days, ended in known]


def test_a_new_program_begins_as_its_sector_s_average() -> None:
    said = acceptance(SECTORS, Answers({"willing": 90, "unwilling": 10}, {"unwilling": 90}))
    sector = (100 + 8) / (190 + 10)
    assert said["new"] == pytest.approx(sector, abs=1e-4)
    assert said["unwilling"] == pytest.approx((10 + 10 * sector) / 110, abs=1e-4)
    assert said["unwilling"] < said["new"] < said["willing"]


def test_of_a_sector_that_nobody_asked_the_usual_is_believed() -> None:
    assert acceptance(SECTORS, Answers({"willing": 50}, {}))["talks"] == 0.8


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_chance_is_a_chance_and_more_answers_move_it_their_way(yes: int, no: int) -> None:
    before = acceptance(SECTORS, Answers({"willing": yes}, {"willing": no}))["willing"]
    more = acceptance(SECTORS, Answers({"willing": yes + 1}, {"willing": no}))["willing"]
    assert 0 < before <= more <= 1


def test_stays_that_all_lasted_as_long_end_on_that_day() -> None:
    curve = survival(stayed(*[(3.0, True)] * 20))
    assert curve == (1.0, 1.0, 1.0, 1.0, 0.0)


def test_a_stay_that_lasts_still_counts_for_as_long_as_it_is_known() -> None:
    # Twenty ended on day 2; twenty more were there for a day and may stay for ever.
    curve = survival(stayed(*[(2.0, True)] * 20, *[(1.0, False)] * 20))
    assert curve == (1.0, 1.0, 1.0, 0.0)


def test_who_is_there_at_the_end_of_what_is_known_does_not_leave_the_day_after() -> None:
    curve = survival(stayed(*[(3.0, True)] * 20, *[(21.0, False)] * 30))
    assert curve is not None
    assert curve[21:23] == (0.6, 0.6)
    assert 0.5 < curve[24] < 0.6
    assert len(curve) > 120


def test_half_of_those_who_are_left_may_leave_on_each_of_two_days() -> None:
    known = stayed(*[(1.0, True)] * 10, *[(2.0, True)] * 5, *[(5.0, True)] * 5)
    assert survival(known) == (1.0, 1.0, 0.5, 0.25, 0.25, 0.25, 0.0)


def test_too_few_tell_nothing_and_a_program_goes_by_its_sector_then_by_what_is_usual() -> None:
    assert survival(stayed(*[(3.0, True)] * 19, *[(3.0, False)] * 90)) is None
    found = stays(SECTORS, stayed(*[(3.0, True)] * 20))
    assert found["new"] == found["willing"] == (1.0, 1.0, 1.0, 1.0, 0.0)
    assert found["talks"][0] == 1.0
    assert found["talks"][30] == pytest.approx(0.3679, abs=1e-4)


@given(STAYS)
def test_a_curve_begins_at_one_and_never_rises(known: list[tuple[float, bool]]) -> None:
    curve = survival(stayed(*known))
    if curve is not None:
        assert curve[0] == 1.0
        assert all(0 <= later <= sooner for sooner, later in pairwise(curve))
        assert len(curve) <= 242
