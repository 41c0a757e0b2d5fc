"""On call: whom a crisis reaches now, and who may see and state it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.vocabulary import Role, Urgency
from services.chassis import audit
from services.chassis.actor import Actor
from services.notifier.domain.contacts import chain_of
from tests.integration.notifier.conftest import ADMIN, COORDINATOR, ELSEWHERE, Desk
from tests.integration.notifier.staffing import (
    HOURS,
    INVITATIONS,
    codes,
    invite,
    join,
    states,
)
from tests.integration.notifier.story import FACTS, Story, program

ON_CALL = "/v1/agencies/harbour/on-call"


def recipients(desk: Desk, urgency: Urgency) -> set[str]:
    """Whom a new offer of that urgency is told to, at the agency called harbour."""
    before = {letter["Message-ID"] for letter in desk.mail}
    desk.notices(
        Story(uuid4().hex, facts=replace(FACTS, urgency=urgency)).submitted().offered().records
    )
    desk.work()
    (letter,) = (letter for letter in desk.mail if letter["Message-ID"] not in before)
    return set(letter["To"].split(", "))


def test_a_crisis_reaches_who_is_on_call_and_who_left_hears_no_more(desk: Desk) -> None:
    desk.contacts("harbour", "desk@harbour.example.org")
    assert recipients(desk, Urgency.ROUTINE) == {"desk@harbour.example.org"}
    nia_id, _, _ = join(desk, email="nia@example.org")
    bob_id, _, bob = join(desk, email="bob@example.org")
    assert recipients(desk, Urgency.ROUTINE) == {"nia@example.org", "bob@example.org"}
    everybody = {"nia@example.org", "bob@example.org", "desk@harbour.example.org"}
    assert recipients(desk, Urgency.CRISIS) == everybody
    duty = {"everyday": False, "hours": [HOURS], "phone": "555 0142"}
    assert desk.call(bob, "PUT", f"/v1/staff/{bob_id}/duty", duty).status_code == 428
    tag = desk.call(bob, "GET", f"/v1/staff/{bob_id}").headers["ETag"]
    stated = desk.call(bob, "PUT", f"/v1/staff/{bob_id}/duty", duty, If_Match=tag)
    assert (stated.status_code, stated.json["hours"]) == (200, [HOURS])
    assert desk.call(bob, "PUT", f"/v1/staff/{bob_id}/duty", duty, If_Match=tag).status_code == 412
    assert recipients(desk, Urgency.CRISIS) == {"bob@example.org"}
    assert recipients(desk, Urgency.ROUTINE) == {"nia@example.org"}
    assert desk.call(ADMIN, "POST", f"/v1/staff/{bob_id}/leave", {}).status_code == 200
    assert recipients(desk, Urgency.CRISIS) == everybody - {"bob@example.org"}
    assert desk.call(bob, "GET", f"/v1/staff/{nia_id}").status_code == 401


def test_who_is_on_call_is_shown_to_coordinator_and_agency_and_audited(desk: Desk) -> None:
    desk.notices([program("harbour-beds", "America/Chicago")])
    desk.contacts("harbour", "desk@harbour.example.org")
    bob_id, _, bob = join(desk, email="bob@example.org", name="Bob")
    # 15:00 in London is 9 in the morning in Chicago.
    morning = {"weekdays": [1], "begins_at": "09:00", "ends_at": "10:00"}
    duty = {"hours": [morning], "phone": "555 0142"}
    tag = desk.call(bob, "GET", f"/v1/staff/{bob_id}").headers["ETag"]
    desk.call(bob, "PUT", f"/v1/staff/{bob_id}/duty", duty, If_Match=tag)
    shown = desk.get(COORDINATOR, ON_CALL)["people"]
    known = {"staff_id": bob_id, "name": "Bob", "email": "bob@example.org", "phone": "555 0142"}
    assert shown == [known | {"on_call": True}]
    desk.clock.advance(timedelta(hours=1))
    everybody = desk.get(bob, ON_CALL)["people"]
    assert [(one["email"], one["on_call"]) for one in everybody] == [
        ("bob@example.org", False),
        ("desk@harbour.example.org", False),
    ]
    assert desk.call(ELSEWHERE, "GET", ON_CALL).status_code == 404
    assert desk.call(ADMIN, "GET", ON_CALL).status_code == 403
    assert desk.call(COORDINATOR, "GET", "/v1/agencies/coordinator/on-call").status_code == 422
    with desk.service.database.transaction() as session:
        chain = audit.entries(session, "agency:harbour")
    read = [(e["actor"], e["detail"]) for e in chain if e["action"] == "on_call.read"]
    assert read == [("cora", {"people": 1}), (bob.subject, {"people": 2})]


def test_an_agency_of_the_longest_id_has_its_duty_and_a_longer_id_is_no_agencys(
    desk: Desk,
) -> None:
    longest = "a" * 80
    own = Actor(subject="lou", role=Role.PARTNER, agency_id=longest)
    path = f"/v1/agencies/{longest}"
    stated = desk.call(own, "PUT", f"{path}/contacts", {"contacts": [{"email": "l@example.org"}]})
    assert stated.status_code == 200
    assert [one["email"] for one in desk.get(own, f"{path}/on-call")["people"]] == ["l@example.org"]
    with desk.service.database.transaction() as session:
        chain = audit.entries(session, chain_of(longest))
    assert [e["action"] for e in chain] == ["contacts.replaced", "on_call.read"]
    for name in ("a" * 81, "Harbour", "a b"):
        refused = desk.call(COORDINATOR, "GET", f"/v1/agencies/{name}/on-call")
        assert (name, refused.status_code) == (name, 422)
        assert "agency_id" in refused.json["errors"]


def test_a_coordinators_duty_counts_for_what_coordinators_are_told(desk: Desk) -> None:
    _, _, cy = join(desk, role="coordinator", agency_id=None, email="cy@example.org")
    assert (cy.role, cy.agency_id) == (Role.COORDINATOR, None)
    story = Story(facts=replace(FACTS, urgency=Urgency.CRISIS)).submitted().offered().lapsed()
    desk.notices(story.records)
    desk.work()
    assert ("coordinator", "sent") in states(desk, "crisis_lapsed")
    assert "cy@example.org" in [letter["To"] for letter in desk.mail]
    stranger = Actor(subject="di", role=Role.COORDINATOR)
    mine = desk.get(ADMIN, "/v1/staff")["items"][0]["staff_id"]
    assert desk.call(stranger, "GET", f"/v1/staff/{mine}").status_code == 404
    assert desk.get(cy, f"/v1/staff/{mine}")["email"] == "cy@example.org"


@pytest.mark.parametrize(
    ("duty", "field"),
    [
        ({"hours": [{**HOURS, "begins_at": "24:00"}]}, "hours"),
        ({"hours": [{**HOURS, "weekdays": [0]}]}, "hours"),
        ({"hours": [HOURS] * 22}, "hours"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"on_call_until": "soon"}, "on_call_until"),
        ({"phone": "1" * 41}, "phone"),
    ],
)
def test_a_duty_that_is_not_right_is_refused_by_its_field(
    desk: Desk, duty: Any, field: str
) -> None:
    path = f"/v1/staff/{uuid4()}/duty"
    refused = desk.call(ADMIN, "PUT", path, duty, If_Match='"1"')
    assert (refused.status_code, set(refused.json["errors"])) == (422, {field})


def test_who_was_only_invited_has_no_duty_and_cannot_leave(desk: Desk) -> None:
    staff_id, _ = invite(desk)
    path = f"/v1/staff/{staff_id}"
    tag = desk.call(ADMIN, "GET", path).headers["ETag"]
    assert desk.call(ADMIN, "PUT", f"{path}/duty", {}, If_Match=tag).status_code == 409
    assert desk.call(ADMIN, "POST", f"{path}/leave", {}).status_code == 409
    assert desk.call(ADMIN, "POST", f"{INVITATIONS}/{staff_id}/withdraw", {}).status_code == 200
    assert desk.call(ADMIN, "POST", f"{INVITATIONS}/{staff_id}/send-again", {}).status_code == 409
    assert len(codes(desk)) == 1
