"""Statements of places in bulk: all or none, said again or late they change nothing."""

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.matcher.store import capacity
from tests.integration.matcher.desk import COORDINATOR, Desk, partner, tables


def say(desk: Desk, *said: dict[str, Any], agency: str = "harbour") -> TestResponse:
    """An agency states its places."""
    body = {"statements": list(said)}
    return desk.call(partner(agency), "POST", "/v1/capacity-statements", body)


def beds(available: int, **more: Any) -> dict[str, Any]:
    """What is said of the one program."""
    return {"program_id": "harbour-beds", "available": available, **more}


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """A desk with two agencies; the first has two programs."""
    given = tables(harbour=5, lodge=5)
    given["services"].append(given["services"][0] | {"id": "harbour-cots", "name": "Cots"})
    given["attributes"].append(
        given["attributes"][0] | {"id": "cots-need", "link_id": "harbour-cots"}
    )
    assert desk.bring(given).status_code == 200
    return desk


def test_several_programs_are_stated_at_once_and_waiting_people_looked_at(stocked: Desk) -> None:
    cots = {"program_id": "harbour-cots", "available": 2, "maximum": 4}
    answer = say(stocked, beds(3), cots)
    assert answer.get_json() == {
        "stated": ["harbour-beds", "harbour-cots"],
        "unchanged": [],
        "older": [],
    }
    assert (stocked.free("harbour-beds"), stocked.free("harbour-cots")) == (3, 2)


def test_said_again_it_changes_nothing_and_said_late_it_is_left_out(stocked: Desk) -> None:
    at = stocked.clock.now().isoformat()
    first = beds(3, as_of=at)
    assert say(stocked, first).get_json()["stated"] == ["harbour-beds"]
    assert say(stocked, first).get_json()["unchanged"] == ["harbour-beds"]
    earlier = (stocked.clock.now() - timedelta(minutes=1)).isoformat()
    assert say(stocked, beds(9, as_of=earlier)).get_json()["older"] == ["harbour-beds"]
    assert stocked.free("harbour-beds") == 3


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"program_id": "lodge-beds", "available": 1}, "program_id"),
        ({"program_id": "nowhere", "available": 1}, "program_id"),
        (beds(1), "program_id"),
        (
            {"program_id": "harbour-cots", "available": 1, "as_of": "2031-01-01T00:00:00Z"},
            "as_of",
        ),
        ({"program_id": "harbour-cots", "available": -1}, "available"),
        ({"program_id": "harbour-cots", "available": 2, "maximum": 1}, "maximum"),
    ],
)
def test_one_wrong_statement_takes_none_and_is_named_by_its_place(
    stocked: Desk, wrong: dict[str, Any], field: str
) -> None:
    refused = say(stocked, beds(1), wrong)
    assert refused.status_code == 422
    assert field in refused.get_json()["errors"]["statements"]["1"]
    assert stocked.free("harbour-beds") == 5


def test_after_three_days_one_has_to_ask(stocked: Desk) -> None:
    def read() -> tuple[bool, dict[str, int]]:
        path = "/v1/programs/harbour-beds/capacity"
        with stocked.wired.database.transaction() as session:
            free = capacity.fresh_free_of(session, ["harbour-beds"], stocked.clock.now())
        return bool(stocked.call(COORDINATOR, "GET", path).get_json()["stale"]), free

    say(stocked, beds(3))
    assert read() == (False, {"harbour-beds": 3})
    stocked.clock.advance(timedelta(hours=72, seconds=1))
    assert read() == (True, {})
