"""Programs, capacity, pauses and decisions over HTTP."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from tests.integration.matcher.desk import (
    ADMIN,
    COORDINATOR,
    OFFICER,
    Desk,
    partner,
    submitted,
)
from tests.integration.matcher.test_importing import city

PLACES = "/v1/programs/harbour-beds/capacity"


def test_a_partner_states_the_places_of_its_own_program_only(desk: Desk) -> None:
    desk.opened(harbour=2, lodge=2)
    assert desk.state("harbour-beds", 4, maximum=6).get_json()["free"] == 4
    for method, body in (("GET", None), ("PUT", {"available": 9})):
        refused = desk.call(partner("lodge"), method, PLACES, body, If_Match='"2"')
        assert refused.status_code == 404
    assert desk.free("harbour-beds") == 4


def test_a_statement_names_the_version_that_was_read(desk: Desk) -> None:
    desk.opened(harbour=2)
    who = partner("harbour")
    assert desk.call(who, "PUT", PLACES, {"available": 1}).status_code == 428
    stated = desk.call(who, "PUT", PLACES, {"available": 1}, If_Match='"1"')
    assert (stated.status_code, stated.headers["ETag"]) == (200, '"2"')
    assert desk.call(who, "PUT", PLACES, {"available": 5}, If_Match='"1"').status_code == 412
    assert desk.free("harbour-beds") == 1


def test_the_first_statement_of_all_is_made_on_version_0(desk: Desk) -> None:
    desk.opened(harbour=None)
    seen = desk.call(partner("harbour"), "GET", PLACES)
    assert (seen.headers["ETag"], seen.get_json()["stated_at"]) == ('"0"', None)
    assert desk.state("harbour-beds", 3).get_json()["free"] == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"available": -1}, "available"),
        ({"available": "3"}, "available"),
        ({"available": 3, "maximum": 2}, "maximum"),
        ({"available": 3, "as_of": "2031-01-01T00:00:00Z"}, "as_of"),
        ({"available": 3, "as_of": "2027-02-28T11:59:59Z"}, "as_of"),
        ({"available": 3, "as_of": "yesterday"}, "as_of"),
        ({"available": 3, "beds": 2}, "beds"),
        ({}, "available"),
    ],
)
def test_a_statement_that_cannot_stand_is_refused_by_its_field(
    desk: Desk, body: Mapping[str, Any], field: str
) -> None:
    desk.opened(harbour=2)
    refused = desk.call(partner("harbour"), "PUT", PLACES, body, If_Match='"1"')
    assert (refused.status_code, set(refused.get_json()["errors"])) == (422, {field})
    assert desk.free("harbour-beds") == 2


def test_a_lowered_statement_revokes_nothing_and_shows_no_place(desk: Desk) -> None:
    desk.opened(harbour=2)
    first, second = submitted(), submitted()
    desk.hear(first, second)
    desk.decide()
    desk.state("harbour-beds", 1)
    assert (desk.free("harbour-beds"), desk.taken("harbour-beds")) == (0, 2)
    assert desk.holds(first) == desk.holds(second) == ["harbour-beds"]


def test_a_program_is_paused_and_resumed_once_each(desk: Desk) -> None:
    desk.opened(harbour=2)
    path = "/v1/programs/harbour-beds"
    paused = desk.call(partner("harbour"), "POST", f"{path}/pause", {})
    assert (paused.status_code, paused.headers["ETag"]) == (200, '"2"')
    assert paused.get_json()["paused"] is True
    assert desk.call(COORDINATOR, "POST", f"{path}/pause", {}).status_code == 409
    assert desk.call(partner("lodge"), "POST", f"{path}/resume", {}).status_code == 404
    assert desk.call(COORDINATOR, "POST", f"{path}/resume", {}).get_json()["version"] == 3
    assert desk.call(COORDINATOR, "POST", f"{path}/resume", {}).status_code == 409
    assert desk.call(OFFICER, "POST", f"{path}/pause", {}).status_code == 403


def test_the_list_of_programs_is_filtered_and_paged(desk: Desk) -> None:
    desk.bring(city())
    found: list[str] = []
    after = ""
    while True:
        page = desk.call(OFFICER, "GET", f"/v1/programs?limit=7&sector=housing{after}").get_json()
        found += [program["program_id"] for program in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == sorted(set(found))
    everything = desk.call(OFFICER, "GET", "/v1/programs?limit=200").get_json()["items"]
    assert found == [p["program_id"] for p in everything if p["sector"] == "housing"]


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("need=counselling", lambda program: "counselling" in program["needs"]),
        ("agency_id=ember-house", lambda program: program["agency_id"] == "ember-house"),
        ("training=true", lambda program: program["training"]),
        ("training=false&sector=youth", lambda p: not p["training"] and p["sector"] == "youth"),
    ],
)
def test_a_filter_shows_what_it_names_and_all_of_it(desk: Desk, query: str, holds: Any) -> None:
    desk.bring(city())
    everything = desk.call(ADMIN, "GET", "/v1/programs?limit=200").get_json()["items"]
    shown = desk.call(ADMIN, "GET", f"/v1/programs?limit=200&{query}").get_json()["items"]
    assert shown == [program for program in everything if holds(program)] != []


@pytest.mark.parametrize("query", ["sector=farming", "need=x", "limit=0", "after=?", "colour=red"])
def test_a_query_that_makes_no_sense_is_refused(desk: Desk, query: str) -> None:
    refused = desk.call(OFFICER, "GET", f"/v1/programs?{query}")
    assert refused.status_code == 422
    assert set(refused.get_json()["errors"]) == {query.partition("=")[0]}


def test_a_program_shows_where_and_when_but_a_refuge_shows_no_place(desk: Desk) -> None:
    desk.bring(city())
    shelter = desk.call(OFFICER, "GET", "/v1/programs/lantern-wharf-night-shelter").get_json()
    assert shelter["address"] == "14 Wharf Street, Rivermouth, IL 61291"
    assert shelter["open_now"] is True  # noon in London is six in the morning here
    refuge = desk.call(OFFICER, "GET", "/v1/programs/safe-crossing-refuge").get_json()
    assert (refuge["address"], refuge["latitude"], refuge["longitude"]) == (None, None, None)
    assert desk.call(OFFICER, "GET", "/v1/programs/nowhere").status_code == 404


def test_a_decision_is_read_with_its_reasons_by_coordinators_alone(desk: Desk) -> None:
    desk.opened(harbour=1, lodge=0)
    desk.call(partner("lodge"), "POST", "/v1/programs/lodge-beds/pause", {})
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    path = f"/v1/decisions?referral_id={referral.referral_id}"
    (listed,) = desk.call(COORDINATOR, "GET", path).get_json()["items"]
    one = f"/v1/decisions/{listed['decision_id']}"
    told = desk.call(COORDINATOR, "GET", one).get_json()
    assert told == listed
    assert [choice["program_id"] for choice in told["choices"]] == ["harbour-beds"]
    assert {c["program_id"]: c["reasons"] for c in told["considered"]} == {
        "harbour-beds": [],
        "lodge-beds": ["paused"],
    }
    for who in (OFFICER, ADMIN):
        assert [desk.call(who, "GET", each).status_code for each in (path, one)] == [403, 403]
    assert desk.call(COORDINATOR, "GET", f"/v1/decisions/{uuid4()}").status_code == 404
    assert desk.call(COORDINATOR, "GET", "/v1/decisions").status_code == 422


def test_decisions_come_in_pages_in_the_order_they_were_made(desk: Desk) -> None:
    desk.opened(harbour=0)
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    for places in (1, 0):
        desk.clock.advance(timedelta(minutes=5))
        desk.state("harbour-beds", places)
        desk.decide()
    path = f"/v1/decisions?referral_id={referral.referral_id}&limit=1"
    first = desk.call(COORDINATOR, "GET", path).get_json()
    second = desk.call(COORDINATOR, "GET", f"{path}&after={first['next']}").get_json()
    answers = [page["items"][0]["answer"] for page in (first, second)]
    assert (answers, second["next"]) == (["waitlisted", "routed"], None)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.PARTNER, Role.COORDINATOR, Role.MANAGER])
def test_only_an_admin_brings_a_directory(desk: Desk, role: Role) -> None:
    who = Actor(subject="x", role=role, agency_id="harbour", unit_id="central")
    assert desk.call(who, "POST", "/v1/directory/imports", {}).status_code == 403
