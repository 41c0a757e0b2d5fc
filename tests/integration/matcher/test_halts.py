"""Agencies and programs pause, resume by hand or by the clock, close, and open again."""

from datetime import timedelta
from typing import Any, Final

import pytest

from contracts.events.directory import TOPIC, ProgramPublished
from contracts.vocabulary import PauseReason, Role
from services.chassis import audit
from services.chassis.actor import Actor
from tests.integration.matcher.desk import (
    ADMIN,
    COORDINATOR,
    OFFICER,
    Desk,
    partner,
    submitted,
    tables,
)
from tests.ports.samples import NOON, events_of

HARBOUR, LODGE = partner("harbour"), partner("lodge")
AGENCY: Final = "/v1/directory/agencies/harbour"
BEDS: Final = "/v1/programs/harbour-beds"
AWAY: Final = {"reason": "away"}


def ok(desk: Desk, who: Actor, path: str, body: object = None) -> Any:
    answer = desk.call(who, "POST", path, {} if body is None else body)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def refused(desk: Desk, who: Actor, path: str, body: object = None) -> tuple[int, str]:
    answer = desk.call(who, "POST", path, {} if body is None else body)
    assert answer.content_type == "application/problem+json"
    return answer.status_code, answer.text


def newest(desk: Desk, program: str = "harbour-beds") -> ProgramPublished:
    with desk.wired.database.transaction() as session:
        event = events_of(session, TOPIC, program)[-1]
    assert isinstance(event, ProgramPublished)
    return event


def two_programs(desk: Desk) -> Desk:
    """One agency with two programs, another with one."""
    given = tables(harbour=2, lodge=2)
    for table in ("services", "attributes", "service_capacity"):
        row = dict(given[table][0])
        for name, value in row.items():
            row[name] = value and value.replace("harbour-", "harbour-second-")
        given[table].append(row)
    given["services"][-1]["id"] = "harbour-second"
    given["attributes"][-1]["link_id"] = "harbour-second"
    given["service_capacity"][-1]["service_id"] = "harbour-second"
    assert desk.bring(given).status_code == 200
    return desk


def test_an_agency_pauses_all_its_programs_and_no_others(desk: Desk) -> None:
    two_programs(desk)
    shown = ok(desk, HARBOUR, f"{AGENCY}/pause", AWAY)
    assert (shown["paused"], shown["paused_because"], shown["active"]) == (True, "away", True)
    for program in ("harbour-beds", "harbour-second"):
        entry = newest(desk, program)
        assert (entry.paused, entry.paused_because, entry.paused_since) == (
            True,
            PauseReason.AWAY,
            NOON,
        )
    assert not newest(desk, "lodge-beds").paused
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    assert desk.holds(referral) == ["lodge-beds"]


def test_resuming_an_agency_leaves_a_program_paused_that_paused_itself(desk: Desk) -> None:
    two_programs(desk)
    ok(desk, HARBOUR, f"{BEDS}/pause", {"reason": "full"})
    ok(desk, HARBOUR, f"{AGENCY}/pause", AWAY)
    ok(desk, HARBOUR, f"{AGENCY}/resume")
    assert newest(desk).paused_because is PauseReason.FULL
    assert not newest(desk, "harbour-second").paused
    ok(desk, HARBOUR, f"{BEDS}/resume")
    assert not newest(desk).paused


def test_a_program_of_a_paused_agency_cannot_resume_alone(desk: Desk) -> None:
    desk.opened(harbour=1)
    ok(desk, HARBOUR, f"{AGENCY}/pause", AWAY)
    status, text = refused(desk, HARBOUR, f"{BEDS}/resume")
    assert status == 409
    assert "agency" in text


def test_of_two_pauses_the_one_that_lasts_longer_is_told(desk: Desk) -> None:
    desk.opened(harbour=1)
    ok(desk, HARBOUR, f"{BEDS}/pause", {"reason": "full", "until": "2027-03-02T12:00:00Z"})
    ok(desk, HARBOUR, f"{AGENCY}/pause", {"reason": "away", "until": "2027-03-09T12:00:00Z"})
    assert newest(desk).paused_because is PauseReason.AWAY
    assert newest(desk).paused_until == NOON + timedelta(days=8)


def test_a_pause_ends_by_the_clock_and_whoever_waits_is_proposed(desk: Desk) -> None:
    desk.opened(harbour=1)
    ok(desk, HARBOUR, f"{AGENCY}/pause", {**AWAY, "until": "2027-03-01T14:00:00Z"})
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    assert desk.kinds(referral) == ["Unplaced"]
    resume = next(job for job in desk.wired.jobs if job.name == "resume")
    desk.clock.advance(timedelta(minutes=119))
    assert (desk.wired.due(resume.name), resume.tick()) == (0, 0)
    desk.clock.advance(timedelta(minutes=1))
    assert (desk.wired.due(resume.name), resume.tick(), resume.tick()) == (1, 1, 0)
    assert not newest(desk).paused
    desk.decide()
    assert desk.holds(referral) == ["harbour-beds"]


def test_a_closed_agency_is_inactive_until_an_admin_opens_it_again(desk: Desk) -> None:
    desk.opened(harbour=1)
    shown = ok(desk, ADMIN, f"{AGENCY}/close")
    assert shown["active"] is False
    assert (newest(desk).active, newest(desk).paused) == (False, False)
    assert desk.bring(tables(harbour=1)).status_code == 200
    assert newest(desk).active is False
    ok(desk, ADMIN, f"{AGENCY}/reopen")
    assert newest(desk).active is True


def test_reopening_does_not_open_what_the_directory_lists_as_inactive(desk: Desk) -> None:
    given = tables(harbour=1)
    desk.bring(given)
    ok(desk, ADMIN, f"{BEDS}/close")
    given["services"][0]["status"] = "inactive"
    desk.bring(given)
    ok(desk, ADMIN, f"{BEDS}/reopen")
    assert newest(desk).active is False


def test_a_new_program_of_a_paused_agency_comes_paused(desk: Desk) -> None:
    desk.opened(harbour=1)
    ok(desk, HARBOUR, f"{AGENCY}/pause", AWAY)
    two_programs(desk)
    assert newest(desk, "harbour-second").paused_because is PauseReason.AWAY


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": "bored"}, "reason"),
        ({"reason": "silence"}, "reason"),
        ({"reason": "away", "until": "2027-03-01T12:00:00Z"}, "until"),
        ({"reason": "away", "until": "tomorrow"}, "until"),
        ({"reason": "away", "why": "holiday"}, "why"),
    ],
)
def test_a_wrong_pause_names_its_field(desk: Desk, body: dict[str, str], field: str) -> None:
    desk.opened(harbour=1)
    status, text = refused(desk, HARBOUR, f"{AGENCY}/pause", body)
    assert status == 422
    assert field in text


def test_what_is_so_already_is_a_conflict(desk: Desk) -> None:
    desk.opened(harbour=1)
    assert refused(desk, HARBOUR, f"{AGENCY}/resume")[0] == 409
    assert refused(desk, ADMIN, f"{AGENCY}/reopen")[0] == 409
    ok(desk, HARBOUR, f"{AGENCY}/pause", AWAY)
    assert refused(desk, COORDINATOR, f"{AGENCY}/pause", AWAY)[0] == 409


def test_a_stranger_finds_no_agency_there(desk: Desk) -> None:
    desk.opened(harbour=1, lodge=1)
    for who, path in ((LODGE, AGENCY), (LODGE, BEDS), (ADMIN, "/v1/directory/agencies/none")):
        assert refused(desk, who, f"{path}/pause", AWAY)[0] == 404
    listed = desk.call(LODGE, "GET", "/v1/directory/agencies").get_json()["items"]
    assert [agency["agency_id"] for agency in listed] == ["lodge"]


def test_agencies_are_listed_in_pages_with_their_standing(desk: Desk) -> None:
    desk.opened(harbour=1, lodge=1)
    ok(desk, COORDINATOR, f"{AGENCY}/pause", AWAY)
    first = desk.call(COORDINATOR, "GET", "/v1/directory/agencies?limit=1").get_json()
    assert [(a["agency_id"], a["paused"]) for a in first["items"]] == [("harbour", True)]
    path = f"/v1/directory/agencies?limit=1&after={first['next']}"
    second = desk.call(COORDINATOR, "GET", path).get_json()
    assert [(a["agency_id"], a["paused"]) for a in second["items"]] == [("lodge", False)]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (HARBOUR, "away"),
        (COORDINATOR, "away"),
        (ADMIN, "away"),
        (LODGE, None),
        (OFFICER, None),
        (Actor(subject="m", role=Role.MANAGER), None),
    ],
    ids=["own", "coordinator", "admin", "other agency", "officer", "manager"],
)
def test_why_a_program_is_paused_is_for_those_who_act_on_it(
    desk: Desk, who: Actor, why: str | None
) -> None:
    desk.opened(harbour=1)
    ok(desk, HARBOUR, f"{AGENCY}/pause", AWAY)
    for path in ("/v1/programs?agency_id=harbour", BEDS):
        seen = desk.call(who, "GET", path).get_json()
        (seen,) = seen.get("items", [seen])
        assert (seen["paused"], seen["paused_because"]) == (True, why)
        assert seen["lapses_in_a_row"] == (None if why is None else 0)


def test_every_step_is_in_the_audit_of_the_agency(desk: Desk) -> None:
    desk.opened(harbour=1)
    for who, step, body in (
        (HARBOUR, "pause", AWAY),
        (COORDINATOR, "resume", {}),
        (ADMIN, "close", {}),
        (ADMIN, "reopen", {}),
    ):
        ok(desk, who, f"{AGENCY}/{step}", body)
    with desk.wired.database.transaction() as session:
        chain = audit.entries(session, "agency:harbour")
        assert audit.verify_subject(session, "agency:harbour") == []
    assert [(entry["actor"], entry["action"]) for entry in chain] == [
        ("desk@harbour", "agency.paused"),
        ("coordinator-cy", "agency.resumed"),
        ("admin-al", "agency.closed"),
        ("admin-al", "agency.reopened"),
    ]
    assert chain[0]["detail"] == {"because": "away", "until": None}
