"""Units, tallies and the deadlines in force."""

from typing import Any

import pytest
from sqlalchemy import inspect

from tests.integration.referral_api.office import (
    ADMIN,
    COORDINATOR,
    NEAR,
    OFFICER,
    TRAINEE,
    Office,
)

TALLY = {"need": "counselling", "entry_door": "community"}


def test_an_admin_creates_and_replaces_a_unit(office: Office) -> None:
    unit = office.ok(ADMIN, "PUT", "/v1/units/north", {"name": "North", "training": False})
    assert unit == {"unit_id": "north", "name": "North", "training": False}
    office.ok(ADMIN, "PUT", "/v1/units/north", {"name": "North Side", "training": True})
    listed = office.ok(COORDINATOR, "GET", "/v1/units")["items"]
    assert [unit["unit_id"] for unit in listed] == ["academy", "central", "north"]
    assert listed[-1] == {"unit_id": "north", "name": "North Side", "training": True}


def test_units_are_listed_page_by_page(office: Office) -> None:
    first = office.ok(ADMIN, "GET", "/v1/units?limit=1")
    second = office.ok(ADMIN, "GET", f"/v1/units?limit=1&after={first['next']}")
    assert [p["items"][0]["unit_id"] for p in (first, second)] == ["academy", "central"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("unit", "body", "field"),
    [
        ("North", {"name": "North", "training": False}, "unit_id"),
        ("n" * 81, {"name": "North", "training": False}, "unit_id"),
        ("north", {"name": "", "training": False}, "name"),
        ("north", {"name": "North"}, "training"),
        ("north", {"name": "North", "training": "no"}, "training"),
        ("north", {"name": "North", "training": False, "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_unit_is_refused_and_the_field_named(
    front_door: Office, unit: str, body: dict[str, Any], field: str
) -> None:
    answer = front_door.call(ADMIN, "PUT", f"/v1/units/{unit}", body)
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_a_unit_that_becomes_training_leaves_its_referrals_as_they_were(office: Office) -> None:
    referral = office.submit()
    office.ok(ADMIN, "PUT", "/v1/units/central", {"name": "Central", "training": True})
    assert office.seen(referral)["training"] is False
    assert office.seen(office.submit())["training"] is True


def test_a_tally_counts_and_holds_nothing_else(office: Office) -> None:
    office.ok(OFFICER, "POST", "/v1/tallies", TALLY, Idempotency_Key="one")
    office.ok(OFFICER, "POST", "/v1/tallies", TALLY, Idempotency_Key="one")
    office.ok(TRAINEE, "POST", "/v1/tallies", TALLY, Idempotency_Key="two")
    told = office.rows(
        "SELECT key, payload FROM history WHERE topic = 'referral.tallies' ORDER BY position"
    )
    assert [key for key, _ in told] == ["central", "academy"]
    assert '"training":true' in told[1][1]
    columns = inspect(office.service.database.engine).get_columns("tallies")
    assert {column["name"] for column in columns} == {
        "id",
        "unit_id",
        "need",
        "entry_door",
        "training",
        "at",
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"need": "counselling"}, "entry_door"),
        ({"need": "food", "entry_door": "community"}, "need"),
        ({**TALLY, "age": 40}, "age"),
    ],
)
def test_a_wrong_tally_is_refused(front_door: Office, body: dict[str, Any], field: str) -> None:
    answer = front_door.call(OFFICER, "POST", "/v1/tallies", body, Idempotency_Key=field)
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_a_tally_needs_a_key_and_an_officer(front_door: Office) -> None:
    assert front_door.refused(OFFICER, "POST", "/v1/tallies", TALLY) == 400
    assert front_door.refused(COORDINATOR, "POST", "/v1/tallies", TALLY) == 403


def test_everybody_reads_the_deadlines_in_force(front_door: Office) -> None:
    found = front_door.ok(NEAR, "GET", "/v1/deadlines")
    assert {"sector": "mental_health", "urgency": "crisis", "minutes": 30} in found["deadlines"]
    assert {"state": "unplaced", "urgency": "crisis", "minutes": 15} in found["reviews"]
    assert len(found["deadlines"]) == 9
    assert len(found["reviews"]) == 12
