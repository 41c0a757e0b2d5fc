"""What a keeper of the directory is told to look after, each trouble once and for a reason."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.vocabulary import Need
from services.matcher.domain.directory import Hours, Place
from services.matcher.domain.directory_check import (
    Limits,
    ListedService,
    Records,
    Trouble,
    check,
)
from tests.unit.matcher.samples import NOON, program

LIMITS = Limits(record=timedelta(days=180), statement=timedelta(hours=72))
DAY_AND_NIGHT = Hours((1, 2, 3, 4, 5, 6, 7), "00:00", "00:00")
GOOD: dict[str, Any] = {
    "hours": (DAY_AND_NIGHT,),
    "places": (Place(41.8, -90.2, "87275b610ffffff"),),
    "phone": "555-0100",
}


def troubles(stated: timedelta | None = timedelta(0), **changes: Any) -> set[Trouble]:
    """What is wrong with one program, the needs that it does not serve left aside."""
    one = program(**GOOD | changes)
    times = {} if stated is None else {one.id: NOON - stated}
    found = check(Records(programs=[one], services=[], stated=times), NOON, LIMITS)
    return {finding.trouble for finding in found} - {Trouble.NEED_UNSERVED}


def of_service(**changes: Any) -> set[Trouble]:
    """What is wrong with one listed service."""
    values: dict[str, Any] = {
        "id": "beds",
        "agency_id": "quay",
        "name": "Beds",
        "modified_at": NOON,
    }
    one = ListedService(**values | {"is_program": True} | changes)
    found = check(Records(programs=[], services=[one], stated={}), NOON, LIMITS)
    return {finding.trouble for finding in found} - {Trouble.NEED_UNSERVED}


def test_a_program_with_everything_is_left_in_peace() -> None:
    assert troubles() == set()
    assert of_service() == set()


@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({"stated": None}, Trouble.NO_STATEMENT),
        ({"stated": timedelta(hours=73)}, Trouble.STALE_STATEMENT),
        ({"hours": ()}, Trouble.NO_HOURS),
        (
            {"hours": (Hours((1,), "09:00", "17:00", None, "2026-12-31"),)},
            Trouble.NO_HOURS,
        ),
        ({"phone": None}, Trouble.NO_PHONE),
        ({"places": ()}, Trouble.NO_PLACE),
        ({"places": (Place(None, None, None, "1 Quay"),)}, Trouble.NO_POINT),
    ],
)
def test_each_trouble_of_a_program_is_named(changes: dict[str, Any], trouble: Trouble) -> None:
    assert troubles(**changes) == {trouble}


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False, "phone": None},
        {"training": True, "phone": None},
        {"needs": (Need.DOMESTIC_VIOLENCE_SHELTER,), "places": ()},
    ],
)
def test_what_is_meant_to_be_so_is_no_trouble(changes: dict[str, Any]) -> None:
    assert troubles(**changes) == set()


@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({"is_program": False}, Trouble.NO_NEED),
        ({"modified_at": None}, Trouble.UNDATED),
        ({"modified_at": NOON - timedelta(days=181)}, Trouble.STALE),
    ],
)
def test_each_trouble_of_a_record_is_named(changes: dict[str, Any], trouble: Trouble) -> None:
    assert of_service(**changes) == {trouble}


def test_a_need_that_only_a_closed_program_serves_is_unserved() -> None:
    closed = program(active=False)
    found = check(Records(programs=[closed], services=[], stated={}), NOON, LIMITS)
    assert {finding.id for finding in found} == set(Need)
    served = check(Records(programs=[program()], services=[], stated={}), NOON, LIMITS)
    assert Need.EMERGENCY_SHELTER not in {finding.id for finding in served}


def test_the_worst_comes_first() -> None:
    found = check(Records(programs=[program()], services=[], stated={}), NOON, LIMITS)
    ranks = [list(Trouble).index(finding.trouble) for finding in found]
    assert ranks == sorted(ranks)
