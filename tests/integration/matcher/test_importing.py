"""A directory comes in whole or not at all, and never over what an agency said itself."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import services.cli
from contracts.events.directory import TOPIC, ProgramPublished
from tests.integration.matcher.desk import ADMIN, COORDINATOR, Desk, partner, submitted, tables
from tests.ports.samples import events_of

CITY = Path(services.cli.__file__).parent / "city"


def city() -> dict[str, list[dict[str, Any]]]:
    """The bundled city as its files say it."""
    found = {}
    for path in sorted(CITY.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


def published(desk: Desk, program: str) -> list[ProgramPublished]:
    """The directory entries of a program, oldest first."""
    with desk.wired.database.transaction() as session:
        events = events_of(session, TOPIC, program)
    return [event for event in events if isinstance(event, ProgramPublished)]


def counts(desk: Desk, given: dict[str, Any], **options: Any) -> tuple[int, int, int]:
    """Programs changed, programs unchanged and statements taken over by an import."""
    answer = desk.bring(given, **options).get_json()
    return answer["changed"], answer["unchanged"], answer["statements"]


def test_the_bundled_city_is_taken_whole_and_a_second_time_changes_nothing(desk: Desk) -> None:
    first = desk.bring(city())
    assert first.status_code == 200, first.text
    assert (first.get_json()["agencies"], first.get_json()["programs"]) == (31, 59)
    assert (first.get_json()["rejected"], first.get_json()["warnings"]) == ([], [])
    assert counts(desk, city()) == (0, 59, 0)
    assert [e.version for e in published(desk, "lantern-wharf-night-shelter")] == [1]


def test_one_bad_row_applies_nothing(desk: Desk) -> None:
    given = tables(harbour=1, lodge=1)
    given["services"][1]["organization_id"] = "nobody"
    refused = desk.bring(given)
    assert refused.status_code == 422
    (of_service, of_capacity) = refused.get_json()["errors"]["rejected"]
    assert (of_service["table"], of_service["line"], of_service["id"]) == (
        "services",
        3,
        "lodge-beds",
    )
    assert "nobody" in of_service["reason"]
    assert (of_capacity["table"], of_capacity["id"]) == ("service_capacity", "lodge-room")
    assert desk.call(COORDINATOR, "GET", "/v1/programs").get_json()["items"] == []
    assert published(desk, "harbour-beds") == []


def test_with_leave_the_rest_is_applied(desk: Desk) -> None:
    given = tables(harbour=1, lodge=1)
    given["services"][1]["organization_id"] = "nobody"
    answer = desk.bring(given, accept_partial=True)
    assert answer.status_code == 200
    assert (answer.get_json()["applied"], len(answer.get_json()["rejected"])) == (True, 2)
    listed = desk.call(COORDINATOR, "GET", "/v1/programs").get_json()["items"]
    assert [program["program_id"] for program in listed] == ["harbour-beds"]


def test_a_changed_program_gets_the_next_version_once(desk: Desk) -> None:
    given = tables(harbour=1, lodge=1)
    desk.bring(given)
    given["services"][0]["minimum_age"] = "18"
    assert counts(desk, given) == (1, 1, 0)
    assert counts(desk, given) == (0, 2, 0)
    assert [entry.version for entry in published(desk, "harbour-beds")] == [1, 2]
    assert [entry.version for entry in published(desk, "lodge-beds")] == [1]


def test_a_renamed_agency_renames_its_programs_even_those_left_out(desk: Desk) -> None:
    given = tables(harbour=1)
    desk.bring(given)
    given["organizations"][0]["name"] = "Harbour House"
    answer = desk.bring({"organizations": given["organizations"], "services": []})
    assert answer.get_json()["warnings"] == [
        "services harbour-beds: not in this directory; left as it was"
    ]
    assert [e.agency_name for e in published(desk, "harbour-beds")] == ["Harbour", "Harbour House"]


def test_what_the_agency_stated_itself_stays(desk: Desk) -> None:
    given = tables(harbour=5)
    desk.bring(given)
    desk.state("harbour-beds", 2)
    desk.call(partner("harbour"), "POST", "/v1/programs/harbour-beds/pause", {})
    desk.clock.advance(timedelta(hours=1))
    given["service_capacity"][0] |= {"available": "9", "updated": "2027-03-01T12:30:00Z"}
    given["services"][0]["name"] = "Harbour hall"
    answer = desk.bring(given).get_json()
    assert (answer["statements"], len(answer["warnings"])) == (0, 1)
    seen = desk.call(COORDINATOR, "GET", "/v1/programs/harbour-beds").get_json()
    assert (seen["name"], seen["paused"], seen["capacity"]["available"]) == (
        "Harbour hall",
        True,
        2,
    )


@pytest.mark.parametrize(
    ("updated", "places", "stands"),
    [
        ("2027-02-28T13:00:00Z", "7", 7),
        ("2027-02-28T11:00:00Z", "7", 5),
        ("2027-02-28T12:00:00Z", "7", 7),
    ],
)
def test_of_two_imported_statements_the_newer_stands(
    desk: Desk, updated: str, places: str, stands: int
) -> None:
    given = tables(harbour=5)
    desk.bring(given)
    given["service_capacity"][0] |= {"available": places, "updated": updated}
    desk.bring(given)
    assert desk.free("harbour-beds") == stands


def test_a_statement_of_the_future_counts_as_of_now_and_only_once(desk: Desk) -> None:
    given = tables(harbour=5)
    given["service_capacity"][0]["updated"] = "2031-01-01T00:00:00Z"
    assert counts(desk, given) == (1, 0, 1)
    seen = desk.call(COORDINATOR, "GET", "/v1/programs/harbour-beds/capacity").get_json()
    assert seen["stated_at"] == desk.clock.now().isoformat()
    assert counts(desk, given) == (0, 1, 0)


def test_a_new_program_is_proposed_to_whom_nobody_could_take(desk: Desk) -> None:
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    desk.opened(harbour=1)
    desk.decide()
    assert desk.kinds(referral) == ["Unplaced", "Routed"]


def test_a_program_that_serves_another_need_now_is_waited_for_no_longer(desk: Desk) -> None:
    given = tables(harbour=0)
    desk.bring(given)
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    given["attributes"][0]["taxonomy_term_id"] = "need:rental_assistance"
    desk.bring(given)
    desk.decide()
    assert desk.kinds(referral) == ["Waitlisted", "Unplaced"]


@pytest.mark.parametrize(
    "body",
    [
        {"tables": {}, "time_zone": "America/Chicago"},
        {"tables": {"services": "none"}, "time_zone": "America/Chicago"},
        {"tables": {"services": [{"id": 7}]}, "time_zone": "America/Chicago"},
        {"tables": tables(harbour=1), "time_zone": "America/Nowhere"},
        {"tables": tables(harbour=1), "time_zone": "../../etc/passwd"},
        {"tables": tables(harbour=1)},
    ],
)
def test_a_body_of_another_shape_is_refused_by_its_field(desk: Desk, body: object) -> None:
    refused = desk.call(ADMIN, "POST", "/v1/directory/imports", body)
    assert refused.status_code == 422
    assert set(refused.get_json()["errors"]) <= {"tables", "time_zone"}
