"""Who has an item of the worklist: taken, handed over in batches, each audited with both people."""

from typing import Any

import pytest

from contracts.events.routing import Unplaced, Waitlisted
from contracts.vocabulary import Role
from services.chassis.actor import Actor
from tests.integration.referral_api.office import COORDINATOR, Office
from tests.integration.referral_api.queue import PATH, audited, listed, names, waiting

COLLEAGUE = Actor(subject="coordinator-di", role=Role.COORDINATOR)


def test_an_item_says_why_since_when_by_when_who_has_it_and_what_can_be_done(
    office: Office,
) -> None:
    referral = waiting(office)
    (item,) = listed(office)
    assert item["referral"] | {"receiver": None} == office.seen(referral)
    assert item["since"] == "2027-03-01T15:00:00+00:00"
    assert item["due_at"] == item["referral"]["review_at"] == "2027-03-01T17:00:00+00:00"
    assert item["why"] == [
        {"why": "unplaced", "since": item["since"], "due_at": item["due_at"]},
    ]
    assert item["assigned_to"] is None
    assert item["can"] == ["correct", "place", "reroute", "close", "withdraw", "enter_in_error"]
    assert item["answers"] == []


def test_taking_an_item_is_audited_with_who_had_it(office: Office) -> None:
    referral = waiting(office)
    item = office.ok(COORDINATOR, "POST", f"{PATH}/{referral}/take", {})
    assert item["assigned_to"] == COORDINATOR.subject
    office.ok(COLLEAGUE, "POST", f"{PATH}/{referral}/take", {})
    entry = audited(office, referral)
    assert (entry["action"], entry["actor"]) == ("worklist.take", COLLEAGUE.subject)
    assert entry["detail"] == {"taken_from": COORDINATOR.subject, "given_to": COLLEAGUE.subject}


def test_what_needs_nobody_cannot_be_taken(office: Office) -> None:
    answer = office.call(COORDINATOR, "POST", f"{PATH}/{office.submit()}/take", {})
    assert answer.status_code == 409
    assert "needs no coordinator" in answer.json["detail"]


def test_who_has_an_item_keeps_it_when_it_comes_back(office: Office) -> None:
    referral = waiting(office)
    office.ok(COORDINATOR, "POST", f"{PATH}/{referral}/take", {})
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/reroute", {})
    assert listed(office) == []
    office.propose(Unplaced, referral)
    (item,) = listed(office)
    assert item["assigned_to"] == COORDINATOR.subject


def test_a_queue_is_handed_over_with_a_note_and_an_audit_of_each(office: Office) -> None:
    mine = [waiting(office) for _ in range(3)]
    other = waiting(office)
    for referral in mine:
        office.ok(COORDINATOR, "POST", f"{PATH}/{referral}/take", {})
    said = {"to": COLLEAGUE.subject, "note": "on leave from Monday"}
    assert office.ok(COORDINATOR, "POST", f"{PATH}/hand-over", said) == {"moved": 3, "left": 0}
    theirs = office.ok(COLLEAGUE, "GET", f"{PATH}?assigned=mine")["items"]
    assert {item["referral"]["referral_id"] for item in theirs} == set(mine)
    assert names(office, "?assigned=nobody") == [other]
    entry = audited(office, mine[0])
    assert (entry["action"], entry["actor"]) == ("worklist.hand_over", COORDINATOR.subject)
    assert entry["detail"] == {"taken_from": COORDINATOR.subject, "given_to": COLLEAGUE.subject}
    notes = office.ok(COORDINATOR, "GET", f"/v1/referrals/{mine[0]}/notes")["items"]
    assert [note["text"] for note in notes] == ["on leave from Monday"]
    assert office.clear_text(["on leave from Monday"]) == []


def test_a_part_of_somebody_elses_queue_or_of_nobodys_is_handed_over(office: Office) -> None:
    house = waiting(office)
    talk = waiting(office, need="counselling", preferred_programs=[])
    full = waiting(office, Waitlisted)
    path, to = f"{PATH}/hand-over", {"to": COLLEAGUE.subject, "note": "new to the team"}
    free = {**to, "from": None, "why": "unplaced", "sector": "housing"}
    assert office.ok(COORDINATOR, "POST", path, free) == {"moved": 1, "left": 0}
    assert (
        office.ok(COLLEAGUE, "GET", f"{PATH}?assigned=mine")["items"][0]["referral"]["referral_id"]
        == house
    )
    back = {"from": COLLEAGUE.subject, "to": COORDINATOR.subject, "note": "left the team"}
    assert office.ok(COORDINATOR, "POST", path, back)["moved"] == 1
    assert names(office, "?assigned=mine") == [house]
    assert set(names(office, "?assigned=nobody")) == {talk, full}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"to": "x"}, "note"),
        ({"note": "why"}, "to"),
        ({"to": COORDINATOR.subject, "note": "to myself"}, "to"),
        ({"from": "a", "to": "a", "note": "why"}, "to"),
        ({"to": "x", "note": "why", "why": "bored"}, "why"),
        ({"to": " ", "note": "why"}, "to"),
        ({"to": "x", "note": "why", "all": True}, "all"),
    ],
)
def test_a_hand_over_that_cannot_stand_names_its_field(
    office: Office, body: dict[str, Any], field: str
) -> None:
    answer = office.call(COORDINATOR, "POST", f"{PATH}/hand-over", body)
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_a_long_queue_is_handed_over_in_batches_the_most_pressing_first(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.referral_api.usecases.hand_over.BATCH", 2)
    late = waiting(office, urgency="routine")
    pressing = {waiting(office), waiting(office)}
    said = {"from": None, "to": COLLEAGUE.subject, "note": "shift"}
    path = f"{PATH}/hand-over"
    assert office.ok(COORDINATOR, "POST", path, said) == {"moved": 2, "left": 1}
    assert names(office, "?assigned=nobody") == [late]
    theirs = office.ok(COLLEAGUE, "GET", f"{PATH}?assigned=mine")["items"]
    assert {item["referral"]["referral_id"] for item in theirs} == pressing
