"""How many of the stated places are gone."""

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matcher.domain.capacity import (
    Acceptance,
    StatedBy,
    Statement,
    counts_from,
    taken,
    takes_a_place,
)
from tests.unit.matcher.samples import NOON

ALLOWANCE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)
MOMENTS = st.integers(-600, 600).map(lambda seconds: NOON + seconds * SECOND)
ACCEPTANCES = st.builds(Acceptance, MOMENTS, st.none() | MOMENTS, st.booleans())


def stated(*, accepted_counted: bool = True) -> Statement:
    return Statement(
        available=3,
        maximum=None,
        stated_at=NOON,
        counts_from=counts_from(NOON, ALLOWANCE),
        accepted_counted=accepted_counted,
        stated_by=StatedBy.AGENCY,
    )


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (NOON + SECOND, True),
        (NOON, True),
        (NOON - ALLOWANCE + SECOND, True),
        (NOON - ALLOWANCE, False),
        (NOON - timedelta(hours=1), False),
    ],
)
def test_acceptances_after_the_statement_less_the_allowance_count(
    accepted: datetime, *, expected: bool
) -> None:
    assert takes_a_place(Acceptance(accepted), stated()) is expected


@pytest.mark.parametrize(
    ("ended", "expected"),
    [(None, True), (NOON + SECOND, True), (NOON, False), (NOON - SECOND, False)],
)
def test_where_accepted_people_are_not_counted_those_not_ended_by_then_are_subtracted(
    ended: datetime | None, *, expected: bool
) -> None:
    old = Acceptance(NOON - timedelta(hours=1), ended)
    assert takes_a_place(old, stated(accepted_counted=False)) is expected
    assert takes_a_place(old, stated()) is False


def test_an_acceptance_beyond_the_stated_places_takes_none_of_them() -> None:
    insisted = Acceptance(NOON + SECOND, over_capacity=True)
    assert not takes_a_place(insisted, stated())
    assert not takes_a_place(insisted, stated(accepted_counted=False))


def test_whoever_came_beyond_capacity_counts_in_a_later_statement_of_all_places() -> None:
    earlier = Acceptance(NOON - SECOND, over_capacity=True)
    assert takes_a_place(earlier, stated(accepted_counted=False))
    assert not takes_a_place(earlier, stated())
    assert not takes_a_place(
        Acceptance(NOON - 2 * SECOND, NOON - SECOND, over_capacity=True),
        stated(accepted_counted=False),
    )


@given(st.integers(0, 5), st.lists(ACCEPTANCES), MOMENTS.filter(lambda at: at > NOON))
def test_insisting_after_a_statement_never_changes_what_is_taken(
    reservations: int, heard: list[Acceptance], at: datetime
) -> None:
    insisted = Acceptance(at, over_capacity=True)
    for statement in (stated(), stated(accepted_counted=False)):
        assert taken(statement, reservations, [*heard, insisted]) == taken(
            statement, reservations, heard
        )


def test_closing_frees_nothing_of_what_came_after_the_statement() -> None:
    closed = Acceptance(NOON + SECOND, NOON + 2 * SECOND)
    assert taken(stated(), 0, [closed]) == 1


@given(st.integers(0, 5), st.lists(ACCEPTANCES), st.randoms())
def test_the_order_in_which_acceptances_are_heard_does_not_matter(
    reservations: int, heard: list[Acceptance], chance: Random
) -> None:
    shuffled = list(heard)
    chance.shuffle(shuffled)
    assert taken(stated(), reservations, heard) == taken(stated(), reservations, shuffled)


@given(st.lists(ACCEPTANCES), st.integers(0, 300))
def test_a_longer_allowance_never_frees_a_place(heard: list[Acceptance], seconds: int) -> None:
    short = stated()
    longer = Statement(
        available=3,
        maximum=None,
        stated_at=NOON,
        counts_from=counts_from(NOON, ALLOWANCE + seconds * SECOND),
        accepted_counted=True,
        stated_by=StatedBy.AGENCY,
    )
    assert taken(longer, 0, heard) >= taken(short, 0, heard)


@given(st.lists(ACCEPTANCES))
def test_not_counted_never_frees_more_than_counted(heard: list[Acceptance]) -> None:
    assert taken(stated(accepted_counted=False), 0, heard) >= taken(stated(), 0, heard)
