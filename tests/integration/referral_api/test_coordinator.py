"""The coordinator: reroutes, places by hand with a reason, closes, marks errors, reads on."""

from typing import Any

import pytest

from contracts.events.routing import Unplaced, Waitlisted
from tests.integration.referral_api.office import (
    ADMIN,
    COORDINATOR,
    NEAR,
    OFFICER,
    Office,
)

NO = {"reason": "no_capacity", "side": "provider"}
WHY = "agreed by phone with the night desk"


def act(office: Office, referral: str, step: str, body: dict[str, Any]) -> Any:
    """One step on a referral, whatever it is answered."""
    return office.call(COORDINATOR, "POST", f"/v1/referrals/{referral}/{step}", body)


def by_hand(office: Office, referral: str, program: str) -> Any:
    return act(office, referral, "place", {"program_id": program, "note": WHY})


def unplaced(office: Office, **changes: Any) -> str:
    referral = office.submit(**changes)
    office.propose(Unplaced, referral)
    return referral


@pytest.mark.parametrize("answer", [Waitlisted, Unplaced])
def test_rerouting_opens_the_next_attempt(office: Office, answer: Any) -> None:
    referral = office.submit()
    office.propose(answer, referral)
    assert act(office, referral, "reroute", {"note": "try again"}).status_code == 200
    assert office.snapshot(referral)["open_attempt"]["number"] == 2


def test_what_is_being_routed_is_not_rerouted(office: Office) -> None:
    assert act(office, office.submit(), "reroute", {}).status_code == 409


def test_placing_by_hand_opens_an_attempt_that_names_the_program(office: Office) -> None:
    referral = unplaced(office)
    assert by_hand(office, referral, "far-beds").status_code == 200
    opened = office.snapshot(referral)["open_attempt"]
    assert (opened["number"], opened["program_id"]) == (2, "far-beds")
    office.route(referral, "far-beds")
    assert office.seen(referral)["state"] == "offered"


def test_a_program_that_lapsed_may_be_asked_again_by_hand(office: Office) -> None:
    referral, _ = office.offered("near-beds")
    office.pass_time(hours=4)
    assert office.seen(referral)["excluded"] == ["near-beds"]
    assert by_hand(office, referral, "near-beds").status_code == 200
    assert office.snapshot(referral)["excluded"] == []
    office.route(referral, "near-beds")
    assert office.seen(referral)["state"] == "offered"


def test_a_program_that_said_no_is_not_asked_again_by_hand(office: Office) -> None:
    referral, (offer,) = office.offered("near-beds")
    office.step(NEAR, offer, "decline", NO)
    answer = by_hand(office, referral, "near-beds")
    assert (answer.status_code, "said no" in answer.json["detail"]) == (409, True)


def test_a_program_that_the_person_avoids_is_not_asked_by_hand(office: Office) -> None:
    referral = unplaced(office, avoided_programs=["far-beds"])
    assert by_hand(office, referral, "far-beds").status_code == 409


def test_a_program_that_is_being_asked_is_not_asked_twice(office: Office) -> None:
    referral = unplaced(office)
    assert by_hand(office, referral, "far-beds").status_code == 200
    assert by_hand(office, referral, "far-beds").status_code == 409
    assert by_hand(office, referral, "near-beds").status_code == 200


@pytest.mark.parametrize("program", ["nowhere-beds", "school-beds", "shut-beds"])
def test_a_program_that_cannot_take_it_is_named(office: Office, program: str) -> None:
    office.publish_program("shut-beds", active=False)
    answer = by_hand(office, unplaced(office), program)
    assert answer.status_code == 422
    assert "program_id" in answer.json["errors"]


def test_the_hand_that_placed_is_kept_when_a_newer_entry_refuses(office: Office) -> None:
    referral = unplaced(office)
    by_hand(office, referral, "far-beds")
    office.publish_program("far-beds", version=2, paused=True)
    office.route(referral, "far-beds", version=1)
    opened = office.snapshot(referral)["open_attempt"]
    assert (opened["number"], opened["program_id"]) == (3, "far-beds")


def test_what_is_offered_is_not_placed_by_hand(office: Office) -> None:
    referral, _ = office.offered("near-beds")
    assert by_hand(office, referral, "far-beds").status_code == 409


def test_an_unplaced_referral_is_closed_with_a_reason(office: Office) -> None:
    referral = unplaced(office)
    body = {"outcome": "not_served", **NO, "note": "nothing in the county"}
    assert act(office, referral, "close", body).status_code == 200
    seen = office.seen(referral)
    assert (seen["state"], seen["outcome"], seen["reason"]) == (
        "closed",
        "not_served",
        "no_capacity",
    )


@pytest.mark.parametrize("state", ["routing", "waitlisted", "offered"])
def test_what_still_waits_is_closed_for_the_person_only(office: Office, state: str) -> None:
    referral = office.submit()
    if state == "waitlisted":
        office.propose(Waitlisted, referral)
    if state == "offered":
        office.route(referral, "near-beds")
    body = {"outcome": "not_served"}
    assert act(office, referral, "close", body | NO).status_code == 409
    gone = {"reason": "self_resolved", "side": "person"}
    assert act(office, referral, "close", body | gone).status_code == 200
    assert office.seen(referral)["state"] == "closed"
    assert office.snapshot(referral)["live_offers"] == []


def test_closing_an_accepted_referral_completes_the_offer_for_its_agency(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    act(office, referral, "close", {"outcome": "housed"})
    seen = office.ok(NEAR, "GET", f"/v1/offers/{offer}")
    assert (seen["state"], seen["outcome"]) == ("completed", "housed")
    assert office.events(referral)[-2:] == ["offer.completed", "referral.closed"]


def test_closing_an_accepted_referral_unserved_ends_the_offer_so(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    body = {"outcome": "not_served", "reason": "deceased", "side": "person"}
    act(office, referral, "close", body)
    seen = office.ok(NEAR, "GET", f"/v1/offers/{offer}")
    assert (seen["state"], seen["reason"]) == ("not_served", "deceased")
    assert office.events(referral)[-2:] == ["offer.not_served", "referral.closed"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"outcome": "housed"}, "outcome"),
        ({"outcome": "not_served"}, "reason"),
        ({"outcome": "not_served", "reason": "deceased"}, "side"),
        ({"outcome": "not_served", "reason": "deceased", "side": "provider"}, "side"),
        ({"outcome": "information_given", "side": "person"}, "reason"),
        ({}, "outcome"),
    ],
)
def test_a_close_that_cannot_stand_is_refused(
    front_door: Office, body: dict[str, Any], field: str
) -> None:
    answer = act(front_door, unplaced(front_door), "close", body)
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_an_error_is_marked_even_after_the_end(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    note = {"note": "typed for the wrong person"}
    assert act(office, referral, "enter-in-error", note).status_code == 200
    assert office.seen(referral)["state"] == "entered_in_error"
    assert office.snapshot(referral)["holder"] is None
    assert act(office, referral, "enter-in-error", note).status_code == 409
    ended = unplaced(office)
    act(office, ended, "close", {"outcome": "information_given"})
    assert act(office, ended, "enter-in-error", note).status_code == 200


@pytest.mark.parametrize("step", ["place", "enter-in-error"])
def test_some_steps_need_their_reason_in_words(front_door: Office, step: str) -> None:
    body = {"program_id": "far-beds"} if step == "place" else {}
    answer = act(front_door, unplaced(front_door), step, body)
    assert answer.status_code == 422
    assert "note" in answer.json["errors"]


def test_the_history_is_gapless_and_whole(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    path = f"/v1/referrals/{referral}/history"
    items = office.ok(COORDINATOR, "GET", path)["items"]
    assert [item["seq"] for item in items] == [1, 2, 3]
    assert items[0]["type"] == "handoff.referral.submitted.v1"
    assert items[2]["data"]["snapshot"]["state"] == "accepted"


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE audit SET actor = 'nobody' WHERE number = 1",
        "DELETE FROM audit WHERE number = 2",
        "UPDATE history SET at = '2027-01-01T00:00:00.000000+00:00' WHERE seq = 1",
        "UPDATE history SET payload = '{}' WHERE seq = 2",
    ],
)
def test_a_chain_that_was_touched_is_not_verified(office: Office, harm: str) -> None:
    referral, _ = office.offered()
    path = f"/v1/referrals/{referral}/audit"
    assert office.ok(COORDINATOR, "GET", path)["verified"] is True
    office.plant("CREATE TABLE audit_kept AS SELECT * FROM audit")
    office.plant("CREATE TABLE history_kept AS SELECT * FROM history")
    office.plant(harm)
    assert office.ok(COORDINATOR, "GET", path)["verified"] is False
    for table in ("outbox", "audit", "history"):
        office.plant(f"DELETE FROM {table}")  # noqa: S608
    for table in ("audit", "history"):
        office.plant(f"INSERT INTO {table} SELECT * FROM {table}_kept")  # noqa: S608


def test_republishing_sends_everything_again(office: Office) -> None:
    office.offered()
    tally = {"need": "counselling", "entry_door": "community"}
    office.ok(OFFICER, "POST", "/v1/tallies", tally, Idempotency_Key="tally-1")
    with office.transaction() as session:
        session.connection().exec_driver_sql(
            "UPDATE outbox SET published_at = '2027-03-01T15:00:00.000000+00:00'"
        )
    path = "/v1/history/republish"
    some = office.call(ADMIN, "POST", path, {"topic": "referral.tallies"})
    assert (some.status_code, some.json) == (202, {"events": 1})
    assert office.call(ADMIN, "POST", path).json == {"events": 3}
    assert office.rows("SELECT count(*) FROM outbox WHERE published_at IS NULL") == [(3,)]
    assert office.refused(ADMIN, "POST", path, {"topic": "routing.housing"}) == 422
