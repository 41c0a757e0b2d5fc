"""Staff over HTTP: who looks after whom, and who left is gone from the next request on."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from contracts.events import access
from services.chassis import audit, ended_access, outbox
from services.chassis.tokens import LEEWAY
from tests.integration.notifier.conftest import ADMIN, ELSEWHERE, HARBOUR, Desk
from tests.integration.notifier.staffing import (
    INVITATIONS,
    NIA,
    calling,
    invite,
    join,
    states,
)
from tests.integration.notifier.story import Story

CONTACTS = "/v1/agencies/harbour/contacts"


def test_an_administrator_keeps_the_staff_of_their_own_agency_alone(desk: Desk) -> None:
    _, _, harbour = join(desk, administrator=True)
    _, _, elsewhere = join(desk, agency_id="elsewhere", administrator=True)
    colleague_id, _, colleague = join(desk)
    invited_id, _ = invite(desk, harbour)
    steps = [
        ("POST", f"{INVITATIONS}/{invited_id}/send-again", {}),
        ("POST", f"{INVITATIONS}/{invited_id}/withdraw", {}),
        ("POST", f"/v1/staff/{colleague_id}/leave", {}),
        ("GET", f"/v1/staff/{invited_id}", None),
        ("GET", "/v1/staff?agency_id=harbour", None),
        ("POST", INVITATIONS, NIA),
    ]
    for method, path, body in steps:
        for stranger in (elsewhere, ELSEWHERE):
            assert (path, desk.call(stranger, method, path, body).status_code) == (path, 404)
        for other in (colleague, HARBOUR):
            assert (path, desk.call(other, method, path, body).status_code) == (path, 403)
    assert desk.call(harbour, "POST", f"/v1/staff/{uuid4()}/leave", {}).status_code == 404
    officer = {"role": "officer", "agency_id": None, "unit_id": "central"}
    assert desk.call(harbour, "POST", INVITATIONS, NIA | officer).status_code == 404
    listed = desk.get(harbour, "/v1/staff?state=invited")["items"]
    assert [one["staff_id"] for one in listed] == [invited_id]
    assert {one["agency_id"] for one in desk.get(harbour, "/v1/staff")["items"]} == {"harbour"}
    for method, path, body in steps[1:3]:
        assert desk.call(harbour, method, path, body).status_code == 200


def test_staff_are_listed_in_pages_and_by_unit(desk: Desk) -> None:
    officer: Any = {"role": "officer", "agency_id": None}
    made = [invite(desk, **officer, unit_id=unit)[0] for unit in ("central", "north", "central")]
    assert [one["staff_id"] for one in desk.get(ADMIN, "/v1/staff")["items"]] == made
    page = desk.get(ADMIN, "/v1/staff?unit_id=central&limit=1")
    rest = desk.get(ADMIN, f"/v1/staff?unit_id=central&limit=1&after={page['next']}")
    both = [page["items"][0]["staff_id"], rest["items"][0]["staff_id"]]
    assert (both, rest["next"]) == ([made[0], made[2]], None)


def test_who_left_is_refused_at_the_next_request_and_only_the_name_stays(desk: Desk) -> None:
    staff_id, token, nia = join(desk, name="Nia")
    _, other, _ = join(desk)
    assert calling(desk, token, "GET", CONTACTS).status_code == 200
    assert desk.call(ADMIN, "POST", f"/v1/staff/{staff_id}/leave", {}).json["state"] == "left"
    refused = calling(desk, token, "GET", CONTACTS)
    assert (refused.status_code, "has ended" in refused.json["detail"]) == (401, True)
    assert calling(desk, other, "GET", CONTACTS).status_code == 200
    shown = desk.get(ADMIN, f"/v1/staff/{staff_id}")
    assert (shown["name"], shown["email"], shown["phone"]) == ("Nia", None, None)
    assert desk.call(ADMIN, "POST", f"/v1/staff/{staff_id}/leave", {}).status_code == 409
    with desk.service.database.transaction() as session:
        (told,) = outbox.stream(session, access.TOPIC, ended_access.of_actor(nia))
        chain = audit.entries(session, f"staff:{staff_id}")
    assert (told.data["left"], told.data["for_ever"]) == (False, False)
    assert [e["action"] for e in chain] == ["staff.invited", "staff.joined", "staff.left"]
    assert [e["actor"] for e in chain] == ["ada", nia.subject, "ada"]


def test_only_a_coordinator_who_left_has_left_something(desk: Desk) -> None:
    for role, left in (("partner", False), ("coordinator", True), ("manager", False)):
        place = "harbour" if role == "partner" else None
        staff_id, _, who = join(desk, role=role, agency_id=place)
        assert desk.call(ADMIN, "POST", f"/v1/staff/{staff_id}/leave", {}).status_code == 200
        with desk.service.database.transaction() as session:
            (told,) = outbox.stream(session, access.TOPIC, ended_access.of_actor(who))
        assert (role, told.data["left"]) == (role, left)


def test_a_leave_does_not_lift_what_an_admin_ended_for_ever(desk: Desk) -> None:
    _, _, keeper = join(desk, administrator=True)
    staff_id, _, nia = join(desk)
    named = {"subject": nia.subject, "agency_id": "harbour"}
    banned = desk.call(ADMIN, "POST", "/v1/access/end", named | {"for_ever": True})
    assert banned.json["for_ever"] is True
    desk.clock.advance(LEEWAY * 2)
    assert desk.call(keeper, "POST", f"/v1/staff/{staff_id}/leave", {}).status_code == 200
    desk.clock.advance(LEEWAY * 2)
    assert desk.call(nia, "GET", CONTACTS).status_code == 401
    with desk.service.database.transaction() as session:
        told = outbox.stream(session, access.TOPIC, ended_access.of_actor(nia))
    assert [event.data["for_ever"] for event in told] == [True, True]
    assert desk.call(ADMIN, "POST", "/v1/access/end", named).json["for_ever"] is False
    desk.clock.advance(LEEWAY * 2)
    assert desk.call(nia, "GET", CONTACTS).status_code == 200


def test_the_coordinator_hears_of_an_agency_that_nobody_is_left_of(desk: Desk) -> None:
    staff_id, _, keeper = join(desk, administrator=True)
    _, _, second = join(desk, administrator=True)
    assert desk.call(second, "POST", f"/v1/staff/{staff_id}/leave", {}).status_code == 200
    assert states(desk, "agency_unreachable") == []
    last = desk.get(second, "/v1/staff?state=active")["items"][0]["staff_id"]
    assert desk.call(second, "POST", f"/v1/staff/{last}/leave", {}).status_code == 200
    assert states(desk, "agency_unreachable") == [("coordinator", "pending")]
    desk.contacts("coordinator", "cora@example.org")
    desk.work()
    subjects = [letter["Subject"] for letter in desk.mail if letter["To"] == "cora@example.org"]
    assert subjects == ["Nobody reads the notices of harbour any more"]
    assert desk.call(keeper, "GET", "/v1/staff").status_code == 401


def test_who_is_told_that_nobody_is_left_is_not_told_once_somebody_is_back(desk: Desk) -> None:
    desk.contacts("harbour")
    assert desk.call(HARBOUR, "PUT", CONTACTS, {"contacts": []}, If_Match='"1"').status_code == 200
    desk.work()
    assert states(desk, "agency_unreachable") == [("coordinator", "no_contact")]
    join(desk)
    desk.contacts("coordinator", "cora@example.org")
    desk.work()
    assert states(desk, "agency_unreachable") == [("coordinator", "dropped")]


def test_what_waited_for_somebody_is_sent_when_the_first_one_joins(desk: Desk) -> None:
    desk.notices(Story().submitted().offered().records)
    desk.work()
    assert states(desk, "offer_made") == [("harbour", "no_contact")]
    join(desk)
    desk.work()
    assert states(desk, "offer_made") == [("harbour", "sent")]


def test_an_admin_ends_the_access_of_a_subject_or_of_one_token(desk: Desk) -> None:
    issue = desk.platform.tokens.issue
    lost, kept, namesake = (
        issue(who, desk.clock.now())
        for who in (HARBOUR, HARBOUR, replace(HARBOUR, agency_id="elsewhere"))
    )
    token_id = desk.platform.tokens.present(lost, desk.clock.now()).token_id
    path, others = "/v1/access/end", "/v1/agencies/elsewhere/contacts"
    assert desk.call(ADMIN, "POST", path, {"token_id": token_id}).json["for_ever"] is True
    assert calling(desk, lost, "GET", CONTACTS).status_code == 401
    assert calling(desk, kept, "GET", CONTACTS).status_code == 200
    only_here = {"subject": "harry", "agency_id": "harbour"}
    assert desk.call(ADMIN, "POST", path, only_here).status_code == 200
    assert calling(desk, kept, "GET", CONTACTS).status_code == 401
    assert calling(desk, namesake, "GET", others).status_code == 200
    assert desk.call(ADMIN, "POST", path, {"subject": "harry"}).status_code == 200
    assert calling(desk, namesake, "GET", others).status_code == 401
    desk.clock.advance(LEEWAY + timedelta(seconds=1))
    assert desk.call(HARBOUR, "GET", CONTACTS).status_code == 200


def test_an_admin_whose_token_leaked_is_ended_by_another_and_not_by_themselves(
    desk: Desk,
) -> None:
    path, me = "/v1/access/end", {"subject": ADMIN.subject}
    for own in (me, me | {"for_ever": True}):
        refused = desk.call(ADMIN, "POST", path, own)
        assert (refused.status_code, "another admin" in refused.json["detail"]) == (409, True)
    at_home = replace(ADMIN, agency_id="harbour")
    here = me | {"agency_id": "harbour"}
    assert desk.call(at_home, "POST", path, here | {"for_ever": True}).status_code == 409
    # Somebody of the same name elsewhere is somebody else.
    assert desk.call(ADMIN, "POST", path, here | {"for_ever": True}).status_code == 200
    assert desk.call(ADMIN, "GET", CONTACTS).status_code == 200
    assert desk.call(replace(ADMIN, subject="ops"), "POST", path, me).status_code == 200
    assert desk.call(ADMIN, "GET", CONTACTS).status_code == 401
    desk.clock.advance(LEEWAY * 2)
    assert desk.call(ADMIN, "GET", CONTACTS).status_code == 200
