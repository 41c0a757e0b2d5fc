"""Contacts over HTTP: who may state them, under which version, and what the audit keeps."""

from typing import Any

import pytest

from services.chassis import audit
from services.chassis.actor import Actor
from tests.integration.notifier.conftest import ADMIN, COORDINATOR, ELSEWHERE, HARBOUR, Desk
from tests.integration.notifier.story import Story

PATH = "/v1/agencies/harbour/contacts"
ONE = {"contacts": [{"email": "desk@harbour.example.org", "name": "Front desk"}]}


def test_an_agency_states_its_contacts_and_reads_them_back(desk: Desk) -> None:
    stated = desk.call(HARBOUR, "PUT", PATH, ONE)
    assert (stated.status_code, stated.headers["ETag"]) == (200, '"1"')
    read = desk.call(HARBOUR, "GET", PATH)
    assert read.json == stated.json
    assert read.json == {
        "recipient": "harbour",
        "version": 1,
        "contacts": [{"email": "desk@harbour.example.org", "name": "Front desk", "on_call": False}],
    }


def test_before_anything_is_stated_there_is_nothing_under_version_0(desk: Desk) -> None:
    read = desk.call(ADMIN, "GET", PATH)
    assert (read.json["contacts"], read.headers["ETag"]) == ([], '"0"')


def test_a_change_needs_the_version_that_was_read(desk: Desk) -> None:
    desk.call(HARBOUR, "PUT", PATH, ONE)
    assert desk.call(HARBOUR, "PUT", PATH, {"contacts": []}).status_code == 428
    stale = desk.call(HARBOUR, "PUT", PATH, {"contacts": []}, If_Match='"0"')
    assert stale.status_code == 412
    assert "version 1" in stale.json["detail"]
    changed = desk.call(ADMIN, "PUT", PATH, {"contacts": []}, If_Match='"1"')
    assert (changed.json["version"], changed.json["contacts"]) == (2, [])


def test_another_agency_is_told_of_nothing(desk: Desk) -> None:
    assert desk.call(ELSEWHERE, "GET", PATH).status_code == 404
    assert desk.call(ELSEWHERE, "PUT", PATH, ONE).status_code == 404
    assert desk.call(COORDINATOR, "GET", PATH).status_code == 403


def test_the_coordinators_contacts_are_the_admins_to_state(desk: Desk) -> None:
    assert desk.call(ADMIN, "PUT", "/v1/contacts/coordinator", ONE).status_code == 200
    assert desk.get(ADMIN, "/v1/contacts/coordinator")["recipient"] == "coordinator"
    assert desk.call(HARBOUR, "GET", "/v1/contacts/coordinator").status_code == 403


def test_no_agency_can_take_the_coordinators_mail(desk: Desk) -> None:
    impostor = Actor(subject="ivo", role=HARBOUR.role, agency_id="coordinator")
    refused = desk.call(impostor, "PUT", "/v1/agencies/coordinator/contacts", ONE)
    assert refused.status_code == 422
    assert "agency_id" in refused.json["errors"]
    assert desk.get(ADMIN, "/v1/contacts/coordinator")["contacts"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "contacts"),
        ({"contacts": "desk@harbour.example.org"}, "contacts"),
        ({"contacts": [{}]}, "contacts"),
        ({"contacts": [{"email": "no address"}]}, "contacts"),
        ({"contacts": [{"email": "a@example.org\nBcc: b@example.org"}]}, "contacts"),
        ({"contacts": [{"email": "a@example.org", "on_call": "perhaps"}]}, "contacts"),
        ({"contacts": [{"email": "a@example.org", "name": "two\nlines"}]}, "contacts"),
        ({"contacts": [{"email": "a@example.org", "pager": 1}]}, "contacts"),
        ({"contacts": [{"email": "a@example.org"}, {"email": "A@example.org"}]}, "contacts"),
        ({"contacts": [{"email": f"a{n}@example.org"} for n in range(21)]}, "contacts"),
        ({"contacts": [], "notes": ""}, "notes"),
    ],
)
def test_what_is_not_right_is_refused_by_name(desk: Desk, body: Any, field: str) -> None:
    refused = desk.call(HARBOUR, "PUT", PATH, body)
    assert refused.status_code == 422
    assert set(refused.json["errors"]) == {field}
    assert desk.rows("contacts") == []


def test_a_change_is_audited_without_the_addresses(desk: Desk) -> None:
    desk.call(HARBOUR, "PUT", PATH, ONE)
    desk.call(ADMIN, "PUT", PATH, {"contacts": []}, If_Match='"1"')
    with desk.service.database.transaction() as session:
        chain = audit.entries(session, "agency:harbour")
    assert [(e["actor"], e["action"], e["detail"]) for e in chain] == [
        ("harry", "contacts.replaced", {"count": 1}),
        ("ada", "contacts.replaced", {"count": 0}),
    ]
    assert audit.verify(chain) == []


def test_notices_are_listed_in_pages_and_filtered_without_addresses(desk: Desk) -> None:
    stories = [Story(f"r{n}").submitted().offered() for n in range(5)]
    for story in stories:
        desk.notices(story.records)
    desk.contacts("harbour")
    desk.work()
    seen: list[str] = []
    path = "/v1/notices?limit=2"
    while path:
        page = desk.call(COORDINATOR, "GET", path)
        assert "@" not in page.text
        seen += [notice["notice_id"] for notice in page.json["items"]]
        path = page.json["next"] and f"/v1/notices?limit=2&after={page.json['next']}"
    assert len(seen) == len(set(seen)) == 5
    one = desk.get(COORDINATOR, f"/v1/notices?referral_id={stories[3].referral_id}")["items"]
    assert [n["referral_id"] for n in one] == [str(stories[3].referral_id)]
    assert desk.get(ADMIN, "/v1/notices?state=no_contact")["items"] == []
    assert len(desk.get(ADMIN, "/v1/notices?state=sent")["items"]) == 5
    for wrong in ("state=lost", "referral_id=7", "limit=0", "after=x", "colour=red"):
        refused = desk.call(ADMIN, "GET", f"/v1/notices?{wrong}")
        assert (wrong, refused.status_code) == (wrong, 422)
        assert wrong.partition("=")[0] in refused.json["errors"]
