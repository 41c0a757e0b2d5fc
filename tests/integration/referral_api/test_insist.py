"""Insisting: a coordinator places beyond stated capacity, marked, and bound by all else."""

from typing import Any

import pytest

from contracts.events.routing import Unplaced, Waitlisted
from contracts.vocabulary import Need
from tests.integration.referral_api.office import COORDINATOR, FAR, NEAR, TRAINEE, Office

WHY = "the night desk has a cot"


def insist(office: Office, referral: str, program: str, **more: Any) -> Any:
    """Insist on a program, whatever it is answered."""
    body = {"program_id": program, "note": WHY, "insist": True} | more
    return office.call(COORDINATOR, "POST", f"/v1/referrals/{referral}/place", body)


def waiting(office: Office, answer: Any = Waitlisted, **changes: Any) -> str:
    referral = office.submit(**changes)
    office.propose(answer, referral)
    return referral


@pytest.mark.parametrize("answer", [None, Waitlisted, Unplaced])
def test_the_offer_is_made_at_once_marked_and_the_attempt_closed(
    office: Office, answer: Any
) -> None:
    referral = office.submit() if answer is None else waiting(office, answer)
    shown = insist(office, referral, "far-beds")
    assert shown.status_code == 200
    (offer,) = shown.json["offers"]
    assert (shown.json["state"], offer["program_id"]) == ("offered", "far-beds")
    assert (offer["over_capacity"], offer["attempt"]) == (True, 2)
    assert office.events(referral)[-2:] == ["attempt.opened", "offer.made"]
    after = office.snapshot(referral)
    assert after["open_attempt"] is None
    assert [live["over_capacity"] for live in after["live_offers"]] == [True]
    assert office.stream(referral)[-1][1]["over_capacity"] is True


def test_the_mark_goes_with_the_offer_to_its_agency_and_its_holder(office: Office) -> None:
    referral = waiting(office)
    (offer,) = insist(office, referral, "far-beds").json["offers"]
    shown = office.step(FAR, offer["offer_id"], "accept")
    assert shown["over_capacity"] is True
    assert office.snapshot(referral)["holder"]["over_capacity"] is True


def test_an_offer_that_the_matcher_granted_is_not_marked(office: Office) -> None:
    referral, (offer,) = office.offered("near-beds")
    assert office.snapshot(referral)["live_offers"][0]["over_capacity"] is False
    assert office.ok(NEAR, "GET", f"/v1/offers/{offer}")["over_capacity"] is False


def test_who_insisted_and_on_what_is_audited_and_why_is_sealed(office: Office) -> None:
    referral = waiting(office)
    insist(office, referral, "far-beds")
    entry = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/audit")["items"][-1]
    assert (entry["action"], entry["actor"]) == ("referral.insist", COORDINATOR.subject)
    assert entry["detail"] == {"program": "far-beds", "agency": "far"}
    notes = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/notes")["items"]
    assert [note["text"] for note in notes] == [WHY]
    assert office.clear_text([WHY]) == []


def test_an_answer_that_was_on_its_way_is_ignored(office: Office) -> None:
    referral = office.submit()
    insist(office, referral, "far-beds")
    office.route(referral, "near-beds", attempt=1)
    (offer,) = office.seen(referral)["offers"]
    assert offer["program_id"] == "far-beds"


def test_a_lapse_is_forgiven_and_a_no_after_insisting_is_not(office: Office) -> None:
    referral, _ = office.offered("near-beds")
    office.pass_time(hours=4)
    offer = insist(office, referral, "near-beds").json["offers"][-1]
    assert office.snapshot(referral)["excluded"] == []
    office.step(NEAR, offer["offer_id"], "decline", {"reason": "no_capacity", "side": "provider"})
    again = insist(office, referral, "near-beds")
    assert (again.status_code, "said no" in again.json["detail"]) == (409, True)


def test_a_program_that_is_being_asked_by_hand_may_be_insisted_on(office: Office) -> None:
    referral = waiting(office)
    assert insist(office, referral, "far-beds", insist=False).status_code == 200
    assert office.seen(referral)["state"] == "routing"
    assert insist(office, referral, "far-beds").json["state"] == "offered"


def test_the_persons_wish_binds_a_coordinator_who_insists(office: Office) -> None:
    referral = waiting(office, avoided_programs=["far-beds"])
    assert insist(office, referral, "far-beds").status_code == 409


def test_a_referral_that_is_with_an_agency_is_not_put_to_a_second(office: Office) -> None:
    referral, (offer,) = office.offered("near-beds")
    assert insist(office, referral, "far-beds").status_code == 409
    office.step(NEAR, offer, "accept")
    assert insist(office, referral, "far-beds").status_code == 409


@pytest.mark.parametrize(
    ("entry", "right"),
    [
        ({"paused": True}, "paused"),
        ({"active": False}, "no longer active"),
        ({"training": True}, "training"),
    ],
)
def test_a_program_that_takes_nobody_is_not_insisted_on(
    office: Office, entry: dict[str, Any], right: str
) -> None:
    office.publish_program("far-beds", 2, **entry)
    answer = insist(office, waiting(office), "far-beds")
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["program_id"]
    assert right in answer.text


def test_another_sectors_program_is_not_insisted_on(office: Office) -> None:
    referral = waiting(office, need="counselling", preferred_programs=[])
    answer = insist(office, referral, "far-beds")
    assert (answer.status_code, "sector" in answer.text) == (422, True)


def test_a_protected_need_goes_only_to_a_program_that_serves_it(office: Office) -> None:
    protected = Need.DOMESTIC_VIOLENCE_SHELTER
    referral = waiting(office, need=protected, preferred_programs=[])
    assert insist(office, referral, "far-beds").status_code == 422
    office.plant("UPDATE programs SET needs = NULL WHERE id = 'far-beds'")
    assert insist(office, referral, "far-beds").status_code == 422
    office.publish_program("far-beds", 2, needs=(protected,))
    assert insist(office, referral, "far-beds").status_code == 200


def test_a_protected_need_is_not_asked_for_elsewhere_by_hand_without_insisting_either(
    office: Office,
) -> None:
    referral = waiting(office, need=Need.DOMESTIC_VIOLENCE_SHELTER, preferred_programs=[])
    assert insist(office, referral, "far-beds", insist=False).status_code == 422
    office.publish_program("far-beds", 2, needs=(Need.DOMESTIC_VIOLENCE_SHELTER,))
    assert insist(office, referral, "far-beds", insist=False).status_code == 200


def test_an_unknown_program_is_named_and_an_exercise_stays_one(office: Office) -> None:
    assert insist(office, waiting(office), "no-such").status_code == 422
    exercise = office.submit(TRAINEE)
    assert insist(office, exercise, "far-beds").status_code == 422
    assert insist(office, exercise, "school-beds").status_code == 200


def test_insisting_needs_a_reason_and_a_plain_yes(office: Office) -> None:
    referral = waiting(office)
    path = f"/v1/referrals/{referral}/place"
    for body in ({"insist": True}, {"insist": "yes", "note": WHY}):
        asked = {"program_id": "far-beds"} | body
        assert office.refused(COORDINATOR, "POST", path, asked) == 422
