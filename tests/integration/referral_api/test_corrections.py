"""Corrections and withdrawals: offers are taken back, and nothing is changed unseen."""

from typing import Any

import pytest

from contracts.events.routing import Unplaced, Waitlisted
from tests.integration.referral_api.office import (
    COORDINATOR,
    NEAR,
    OFFICER,
    Office,
)

NO = {"reason": "no_capacity", "side": "provider"}


def correct(office: Office, referral: str, body: object, who: Any = OFFICER) -> Any:
    """Read the ETag, then correct."""
    path = f"/v1/referrals/{referral}"
    tag = office.call(who, "GET", path).headers["ETag"]
    return office.call(who, "PATCH", path, body, If_Match=tag)


def test_a_correction_takes_offers_back_and_opens_the_next_attempt(office: Office) -> None:
    referral, (offer,) = office.offered()
    assert correct(office, referral, {"urgency": "crisis"}).status_code == 200
    assert office.events(referral)[-3:] == [
        "referral.corrected",
        "offer.rescinded",
        "attempt.opened",
    ]
    assert office.ok(NEAR, "GET", f"/v1/offers/{offer}")["rescinded_for"] == "corrected"
    shown = office.snapshot(referral)
    assert shown["facts"]["urgency"] == "crisis"
    assert (shown["open_attempt"]["number"], shown["live_offers"]) == (2, [])
    assert shown["excluded"] == []


def test_a_correction_needs_the_tag_of_the_last_read(office: Office) -> None:
    referral = office.submit()
    path, body = f"/v1/referrals/{referral}", {"urgency": "crisis"}
    assert office.refused(OFFICER, "PATCH", path, body) == 428
    assert office.call(OFFICER, "PATCH", path, body, If_Match='"99"').status_code == 412
    tag = office.call(OFFICER, "GET", path).headers["ETag"]
    first = office.call(OFFICER, "PATCH", path, body, If_Match=tag)
    assert first.status_code == 200
    assert first.headers["ETag"] != tag
    again = office.call(OFFICER, "PATCH", path, body, If_Match=tag)
    assert again.status_code == 412


def test_the_tag_moves_with_the_facts_and_with_nothing_else(office: Office) -> None:
    referral, (offer,) = office.offered()
    path = f"/v1/referrals/{referral}"
    tags = [office.call(who, "GET", path).headers["ETag"] for who in (OFFICER, COORDINATOR)]
    assert office.seen(referral)["version"] == 1
    office.step(NEAR, offer, "decline", NO)
    office.propose(Unplaced, referral)
    assert tags == [office.call(w, "GET", path).headers["ETag"] for w in (OFFICER, COORDINATOR)]
    first = office.call(COORDINATOR, "PATCH", path, {"urgency": "crisis"}, If_Match=tags[0])
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    assert office.call(OFFICER, "GET", path).headers["ETag"] == '"2"'
    body = {"urgency": "routine"}
    assert office.call(OFFICER, "PATCH", path, body, If_Match=tags[0]).status_code == 412


def test_what_is_left_out_of_a_correction_stays(office: Office) -> None:
    referral = office.submit()
    correct(office, referral, {"person": {"phone": "+1 555 0100", "age": None}})
    office.route(referral, "near-beds")
    offer = office.seen(referral)["offers"][0]["offer_id"]
    office.step(NEAR, offer, "accept")
    shown = office.ok(NEAR, "GET", f"/v1/offers/{offer}/person")
    assert (shown["phone"], shown["age"]) == ("+1 555 0100", None)
    assert shown["where_to_find"] == "under the ferrywharf lamp"


def test_history_names_the_changed_fields_and_never_their_values(office: Office) -> None:
    referral = office.submit()
    body = {"person": {"phone": "+1 555 0100"}, "need": "rental_assistance", "place": None}
    correct(office, referral, body, COORDINATOR)
    (told,) = [d for t, d in office.stream(referral) if "corrected" in t]
    assert told["changed"] == ["need", "phone", "place"]
    assert told["snapshot"]["facts"]["cell"] is None


def test_a_need_that_becomes_protected_loses_its_facts_and_back_again(office: Office) -> None:
    referral = office.submit()
    correct(office, referral, {"need": "domestic_violence_shelter"})
    facts = office.snapshot(referral)["facts"]
    assert (facts["age"], facts["cell"], facts["entry_door"]) == (None, None, None)
    correct(office, referral, {"need": "emergency_shelter"})
    facts = office.snapshot(referral)["facts"]
    assert (facts["age"], facts["entry_door"]) == (34, "social_contact")
    assert facts["avoided"] == ["grim-beds"]
    assert facts["cell"] is not None


@pytest.mark.parametrize("answer", [Waitlisted, Unplaced])
def test_a_waiting_referral_can_be_corrected(office: Office, answer: Any) -> None:
    referral = office.submit()
    office.propose(answer, referral)
    assert correct(office, referral, {"urgency": "crisis"}).status_code == 200
    assert office.seen(referral)["state"] == "routing"


def test_after_acceptance_nothing_is_corrected(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    assert correct(office, referral, {"urgency": "crisis"}).status_code == 409
    assert office.seen(referral)["urgency"] == "urgent"


def test_who_said_no_stays_excluded_after_a_correction(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "decline", NO)
    correct(office, referral, {"urgency": "crisis"})
    assert office.snapshot(referral)["excluded"] == ["near-beds"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "_schema"),
        ({"person": {}}, "_schema"),
        ({"entry_door": "community"}, "entry_door"),
        ({"urgency": "whenever"}, "urgency"),
        ({"person": {"safe_contact": None}}, "person"),
        ({"person": {"phone": None, "email": None, "where_to_find": None}}, "person"),
        ({"avoided_programs": ["near-beds"]}, "avoided_programs"),
        ({"preferred_programs": ["grim-beds"]}, "avoided_programs"),
    ],
)
def test_a_correction_that_cannot_stand_is_refused(
    front_door: Office, body: dict[str, Any], field: str
) -> None:
    referral = front_door.submit()
    answer = correct(front_door, referral, body)
    assert answer.status_code == 422
    assert field in answer.json["errors"]
    assert front_door.events(referral) == ["referral.submitted"]


def test_a_withdrawal_takes_the_offer_back(office: Office) -> None:
    referral, (offer,) = office.offered()
    body = {"reason": "self_resolved", "note": "found a room at a cousin's"}
    answer = office.ok(OFFICER, "POST", f"/v1/referrals/{referral}/withdraw", body)
    assert answer["status"] == "closed"
    assert office.refused(NEAR, "POST", f"/v1/offers/{offer}/accept", {}) == 409
    seen = office.seen(referral)
    assert (seen["state"], seen["reason"], seen["side"]) == (
        "withdrawn",
        "self_resolved",
        "person",
    )
    assert office.events(referral)[-2:] == ["offer.rescinded", "referral.withdrawn"]


def test_a_withdrawal_frees_an_accepted_offer_too(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    office.ok(OFFICER, "POST", f"/v1/referrals/{referral}/withdraw", {"reason": "declined"})
    assert office.snapshot(referral)["holder"] is None
    assert office.refused(NEAR, "GET", f"/v1/offers/{offer}/person") == 409


def test_revoked_consent_ends_the_referral_in_the_same_command(office: Office) -> None:
    referral = office.submit()
    path = f"/v1/referrals/{referral}/withdraw"
    office.ok(OFFICER, "POST", path, {"reason": "consent_revoked"})
    statuses = office.rows("SELECT status FROM consents ORDER BY version")
    assert statuses == [("given",), ("revoked",)]
    assert office.snapshot(referral)["open_attempt"] is None


def test_a_referral_is_withdrawn_once(office: Office) -> None:
    path = f"/v1/referrals/{office.submit()}/withdraw"
    office.ok(OFFICER, "POST", path, {"reason": "declined"})
    assert office.refused(OFFICER, "POST", path, {"reason": "declined"}) == 409


@pytest.mark.parametrize("reason", ["no_capacity", "bored", None])
def test_a_withdrawal_needs_a_reason_on_the_persons_side(
    front_door: Office, reason: str | None
) -> None:
    path = f"/v1/referrals/{front_door.submit()}/withdraw"
    answer = front_door.call(OFFICER, "POST", path, {"reason": reason})
    assert answer.status_code == 422
    assert "reason" in answer.json["errors"]


@pytest.mark.parametrize(
    ("step", "body"),
    [
        ("withdraw", {"reason": "declined"}),
        ("enter-in-error", {"note": "typed twice"}),
    ],
)
def test_an_officer_is_told_that_it_is_closed_and_never_why(
    office: Office, step: str, body: dict[str, str]
) -> None:
    path = f"/v1/referrals/{office.submit()}"
    office.ok(COORDINATOR, "POST", f"{path}/{step}", body)
    again = office.call(OFFICER, "POST", f"{path}/withdraw", {"reason": "declined"})
    assert again.status_code == 409
    assert again.json["detail"] == "a referral that is closed does not allow: withdraw"
    changed = office.call(OFFICER, "PATCH", path, {"urgency": "crisis"}, If_Match='"1"')
    assert changed.json["detail"] == "a referral that is closed does not allow: correct"
    told = office.call(COORDINATOR, "POST", f"{path}/withdraw", {"reason": "declined"})
    assert "is closed" not in told.json["detail"]


def test_an_officer_who_corrects_too_late_reads_the_coarse_status(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    answer = correct(office, referral, {"urgency": "crisis"})
    assert answer.json["detail"] == "a referral that is with a program does not allow: correct"


def test_an_imported_row_does_not_become_a_crisis_that_nobody_is_told_of(office: Office) -> None:
    past: dict[str, Any] = {"origin": "imported", "occurred_at": "2021-05-01T08:00:00Z"}
    answer = correct(office, office.submit(**past), {"urgency": "crisis"})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["urgency"])
    assert correct(office, office.submit(), {"urgency": "crisis"}).status_code == 200
