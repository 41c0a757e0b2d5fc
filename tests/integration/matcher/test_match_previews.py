"""Match previews over HTTP: who could help now; nothing of it is kept, and nobody goes without."""

from datetime import timedelta
from typing import Any, Final

import pytest
import structlog
from sqlalchemy import MetaData, func, select

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.chassis.postgres import pooled_engine
from services.chassis.settings import SettingError
from services.matcher import settings
from services.matcher.settings import CRISIS_LINE
from tests.integration.matcher.desk import (
    COORDINATOR,
    OFFICER,
    Desk,
    attempt,
    offered,
    partner,
    submitted,
    tables,
)
from tests.ports.samples import NOON

PATH: Final = "/v1/match-previews"
PLACE: Final = {"latitude": 41.801, "longitude": -90.204}
NOWHERE: Final = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"


def town() -> dict[str, Any]:
    """Three shelters: one always open, one by night (it is 06:00 in Chicago), one silent."""
    found: dict[str, Any] = tables(harbour=2, lodge=1, attic=None)
    hours = {"harbour": ("00:00", "00:00"), "lodge": ("20:00", "05:00")}
    found["schedules"] = [
        {"id": f"{name}-1", "service_id": f"{name}-beds", "freq": "WEEKLY"}
        | {"byday": "MO,TU,WE,TH,FR,SA,SU", "opens_at": opens, "closes_at": closes}
        for name, (opens, closes) in hours.items()
    ]
    found["phones"] = [{"id": "h", "service_id": "harbour-beds", "number": "+1 555 0101"}]
    found["locations"] = [
        {"id": "quay", "organization_id": "harbour", "location_type": "physical", "name": "Quay"}
        | {"latitude": "41.82", "longitude": "-90.2"}
    ]
    found["addresses"] = [
        {"id": "quay-1", "location_id": "quay", "address_1": "1 Quay", "city": "Rivermouth"}
        | {"state_province": "IL", "postal_code": "61000", "country": "US"}
        | {"address_type": "physical"}
    ]
    found["service_at_location"] = [
        {"id": "at-1", "service_id": "harbour-beds", "location_id": "quay"}
    ]
    return found


def asked(desk: Desk, who: Actor = OFFICER, **said: Any) -> Any:
    answer = desk.call(who, "POST", PATH, {"need": "emergency_shelter", **said})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


@pytest.fixture
def opened(desk: Desk) -> Desk:
    """A desk in the town."""
    assert desk.bring(town()).status_code == 200
    return desk


def test_an_officer_learns_who_is_open_whom_to_call_and_how(opened: Desk) -> None:
    found = asked(opened, place=PLACE, age=34, language="es")
    (shelter,) = found["open"]
    distance = shelter.pop("distance_km")
    assert 0 < distance < 5
    assert shelter == {
        "program_id": "harbour-beds",
        "name": "Harbour beds",
        "agency_id": "harbour",
        "agency_name": "Harbour",
        "phone": "+1 555 0101",
        "address": "1 Quay, Rivermouth, IL 61000",
        "latitude": 41.82,
        "longitude": -90.2,
        "languages": [],
        "interpretation": None,
        "open_until": None,
        "time_zone": "America/Chicago",
        "free": 2,
        "stated_at": "2027-02-28T12:00:00+00:00",
        "unclear": [],
        "questions": shelter["questions"],
    }
    assert [one["question"] for one in shelter["questions"]] == ["language"]
    assert [(one["program_id"], one["unclear"]) for one in found["ask"]] == [
        ("attic-beds", ["hours", "places"])
    ]
    assert (found["full"], found["opens_first"]) == (0, None)
    assert (found["crisis_line"], found["at"]) == (CRISIS_LINE, NOON.isoformat())


def test_where_none_is_open_the_first_to_open_is_told_with_the_crisis_line(opened: Desk) -> None:
    opened.state("harbour-beds", 0)
    found = asked(opened, COORDINATOR)
    assert (found["open"], found["full"]) == ([], 1)
    first = found["opens_first"]
    assert (first["program_id"], first["opens_at"]) == ("lodge-beds", "2027-03-02T02:00:00+00:00")
    assert found["crisis_line"] == CRISIS_LINE


def test_another_time_is_asked_about_by_its_own_zone(opened: Desk) -> None:
    found = asked(opened, at="2027-03-01T21:30:00-06:00")
    assert [one["program_id"] for one in found["open"]] == ["harbour-beds", "lodge-beds"]
    assert found["open"][1]["open_until"] == "2027-03-02T11:00:00+00:00"


def test_places_that_were_stated_long_ago_are_to_be_asked_about(opened: Desk) -> None:
    opened.clock.advance(timedelta(days=1, hours=23))
    assert asked(opened)["open"][0]["free"] == 2
    opened.clock.advance(timedelta(hours=2))
    found = asked(opened)
    (harbour,) = [one for one in found["ask"] if one["program_id"] == "harbour-beds"]
    assert (harbour["free"], harbour["unclear"]) == (None, ["places"])
    assert harbour["stated_at"] == "2027-02-28T12:00:00+00:00"
    opened.state("harbour-beds", 1)
    assert asked(opened)["open"][0]["free"] == 1


def test_a_place_that_a_decision_has_reserved_is_not_shown_as_free(opened: Desk) -> None:
    first, second = submitted(), submitted()
    opened.hear(first, second)
    opened.decide()
    assert {program for _, program in opened.all_holds()} == {"harbour-beds"}
    assert (asked(opened)["open"], asked(opened)["full"]) == ([], 1)
    opened.hear(attempt(offered(first, "harbour-beds"), 2, excluded=("harbour-beds",)))
    assert [one["free"] for one in asked(opened)["open"]] == [1]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"need": "a bed"}, "need"),
        ({"place": {"latitude": 91, "longitude": 0}}, "place"),
        ({"place": {"latitude": 41}}, "place"),
        ({"age": -1}, "age"),
        ({"age": "34"}, "age"),
        ({"language": "Spanish"}, "language"),
        ({"gender": "x"}, "gender"),
        ({"at": "2027-03-01T12:00:00"}, "at"),
        ({"at": (NOON - timedelta(minutes=6)).isoformat()}, "at"),
        ({"at": (NOON + timedelta(days=15)).isoformat()}, "at"),
        ({"most": 0}, "most"),
        ({"most": 51}, "most"),
        ({"name": "Robin"}, "name"),
    ],
)
def test_what_cannot_be_is_refused_and_names_the_field(
    desk: Desk, said: dict[str, Any], field: str
) -> None:
    answer = desk.call(OFFICER, "POST", PATH, {"need": "emergency_shelter", **said})
    assert answer.content_type == "application/problem+json"
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field])
    assert "crisis_line" not in answer.get_json()


def rows(desk: Desk) -> dict[str, int]:
    """How many rows each table has."""
    metadata = MetaData()
    metadata.reflect(desk.wired.database.engine)
    with desk.wired.database.transaction() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in metadata.tables.items()
        }


def test_nothing_is_kept_and_nothing_is_logged_of_a_preview(opened: Desk) -> None:
    before = rows(opened)
    body = {"need": "emergency_shelter", "place": PLACE, "age": 34}
    with structlog.testing.capture_logs() as said:
        for _ in range(2):
            answer = opened.call(OFFICER, "POST", PATH, body, Idempotency_Key="the-same")
            assert answer.status_code == 200
        assert opened.call(OFFICER, "POST", PATH, {"need": "nothing"}).status_code == 422
    assert rows(opened) == before
    assert said == []


@pytest.mark.parametrize("role", [Role.PARTNER, Role.MANAGER, Role.ADMIN, Role.SERVICE])
def test_nobody_but_the_field_may_ask(desk: Desk, role: Role) -> None:
    who = partner("harbour") if role is Role.PARTNER else Actor(subject="x", role=role)
    answer = desk.call(who, "POST", PATH, {"need": "emergency_shelter"})
    assert answer.status_code == 403


def test_with_the_database_away_the_crisis_line_is_told(
    opened: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(opened.wired.database, "engine", pooled_engine(NOWHERE, 1))
        with structlog.testing.capture_logs() as said:
            answer = opened.call(OFFICER, "POST", PATH, {"need": "emergency_shelter"})
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    told = answer.get_json()
    assert (told["status"], told["crisis_line"]) == (503, CRISIS_LINE)
    assert "emergency_shelter" not in str(said)


def test_the_crisis_line_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.read().crisis_line == CRISIS_LINE
    monkeypatch.setenv("HANDOFF_CRISIS_LINE", "116 123 (Samaritans)")
    assert settings.read().crisis_line == "116 123 (Samaritans)"


@pytest.mark.parametrize("value", ["", "call us", "9", "1" * 81, "988\n"])
def test_a_wrong_crisis_line_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HANDOFF_CRISIS_LINE", value)
    with pytest.raises(SettingError, match="CRISIS_LINE"):
        settings.read()
