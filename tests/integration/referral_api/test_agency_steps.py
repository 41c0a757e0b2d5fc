"""What agencies do with an offer: one wins, a no moves on, an outcome ends it."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.referral_api.office import COORDINATOR, FAR, NEAR, Office

NO = {"reason": "no_capacity", "side": "provider"}
LEFT = {"reason": "disengaged", "side": "person", "note": "moved to her sister in Galena"}


def test_one_agency_wins_and_the_other_offer_is_taken_back(office: Office) -> None:
    referral, (near, far) = office.offered("near-beds", "far-beds")
    office.step(FAR, far, "accept")
    assert office.refused(NEAR, "POST", f"/v1/offers/{near}/accept", {}) == 409
    seen = office.ok(NEAR, "GET", f"/v1/offers/{near}")
    assert (seen["state"], seen["rescinded_for"]) == ("rescinded", "placed_elsewhere")
    shown = office.snapshot(referral)
    assert shown["holder"]["program_id"] == "far-beds"
    assert shown["live_offers"] == []
    assert office.seen(referral)["review_at"] is not None


def test_of_two_that_accept_at_once_exactly_one_wins(office: Office) -> None:
    _, (near, far) = office.offered("near-beds", "far-beds")
    statuses: list[int] = []
    start = threading.Barrier(2)

    def accept(who: Any, offer: str) -> None:
        start.wait()
        statuses.append(office.call(who, "POST", f"/v1/offers/{offer}/accept", {}).status_code)

    threads = [threading.Thread(target=accept, args=pair) for pair in ((NEAR, near), (FAR, far))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409]
    held = office.rows("SELECT count(*) FROM offers WHERE state = 'accepted'")
    assert held == [(1,)]


def test_steps_may_be_skipped_forwards_but_not_acceptance(office: Office) -> None:
    _, (offer,) = office.offered()
    path = f"/v1/offers/{offer}"
    assert office.refused(NEAR, "POST", f"{path}/engage", {}) == 409
    assert office.refused(NEAR, "POST", f"{path}/complete", {"outcome": "housed"}) == 409
    assert office.refused(NEAR, "POST", f"{path}/not-served", NO) == 409
    contact = {"mode": "call", "reached": True}
    assert office.refused(NEAR, "POST", f"{path}/contacts", contact) == 409
    office.step(NEAR, offer, "accept")
    office.step(NEAR, offer, "complete", {"outcome": "housed"})
    assert office.refused(NEAR, "POST", f"{path}/engage", {}) == 409


def test_a_provider_that_declines_is_excluded_and_the_next_attempt_opens(
    office: Office,
) -> None:
    referral, (offer,) = office.offered("near-beds")
    office.step(NEAR, offer, "acknowledge")
    declined = office.step(NEAR, offer, "decline", NO)
    assert (declined["state"], declined["reason"]) == ("declined", "no_capacity")
    assert office.events(referral)[-2:] == ["offer.declined", "attempt.opened"]
    shown = office.snapshot(referral)
    assert (shown["open_attempt"]["number"], shown["excluded"]) == (2, ["near-beds"])
    assert office.seen(referral)["excluded"] == ["near-beds"]


def test_while_another_offer_lives_no_attempt_opens(office: Office) -> None:
    referral, (near, far) = office.offered("near-beds", "far-beds")
    office.step(NEAR, near, "decline", NO)
    assert office.seen(referral)["state"] == "offered"
    office.step(FAR, far, "decline", NO)
    assert office.seen(referral)["state"] == "routing"
    assert office.snapshot(referral)["excluded"] == ["far-beds", "near-beds"]


def test_a_persons_no_closes_the_referral_and_takes_other_offers_back(office: Office) -> None:
    referral, (near, far) = office.offered("near-beds", "far-beds")
    office.step(NEAR, near, "decline", {"reason": "declined", "side": "person"})
    seen = office.seen(referral)
    assert (seen["state"], seen["outcome"], seen["reason"], seen["side"]) == (
        "closed",
        "not_served",
        "declined",
        "person",
    )
    assert seen["owner"] is None
    assert office.ok(FAR, "GET", f"/v1/offers/{far}")["rescinded_for"] == "closed"


@pytest.mark.parametrize("step", ["decline", "not-served"])
def test_a_provider_may_give_an_accepted_referral_back(office: Office, step: str) -> None:
    referral, (offer,) = office.offered("near-beds")
    office.step(NEAR, offer, "accept")
    office.step(NEAR, offer, "engage")
    office.step(NEAR, offer, step, NO)
    shown = office.snapshot(referral)
    assert shown["holder"] is None
    assert (shown["open_attempt"]["number"], shown["excluded"]) == (2, ["near-beds"])
    assert office.seen(referral)["state"] == "routing"


@pytest.mark.parametrize("step", ["decline", "not-served"])
def test_a_person_who_leaves_after_acceptance_ends_it(office: Office, step: str) -> None:
    referral, (offer,) = office.offered("near-beds")
    office.step(NEAR, offer, "accept")
    office.step(NEAR, offer, step, LEFT)
    seen = office.seen(referral)
    assert (seen["state"], seen["outcome"], seen["side"]) == ("closed", "not_served", "person")
    assert office.snapshot(referral)["holder"] is None


def test_declining_after_acceptance_is_told_apart(office: Office) -> None:
    referral, (offer,) = office.offered("near-beds")
    office.step(NEAR, offer, "accept")
    office.step(NEAR, offer, "decline", NO)
    (declined,) = [d for t, d in office.stream(referral) if "offer.declined" in t]
    assert declined["after_acceptance"] is True


def test_completing_closes_the_referral_with_its_outcome(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    done = office.step(NEAR, offer, "complete", {"outcome": "sheltered"})
    assert (done["state"], done["outcome"]) == ("completed", "sheltered")
    seen = office.seen(referral)
    assert (seen["state"], seen["outcome"], seen["status"]) == ("closed", "sheltered", "closed")
    assert office.events(referral)[-2:] == ["offer.completed", "referral.closed"]


def test_contact_attempts_are_dated_records(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    office.clock.advance(timedelta(hours=1))
    body = {"mode": "visit", "reached": False, "attempted_at": "2027-03-01T15:30:00Z"}
    office.step(NEAR, offer, "contacts", body)
    office.step(NEAR, offer, "contacts", {"mode": "call", "reached": True})
    told = [d for t, d in office.stream(referral) if "contact.attempted" in t]
    assert [d["attempted_at"] for d in told] == [
        "2027-03-01T15:30:00+00:00",
        "2027-03-01T16:00:00+00:00",
    ]
    assert office.rows("SELECT mode, reached FROM contact_attempts ORDER BY attempted_at") == [
        ("visit", 0),
        ("call", 1),
    ]


@pytest.mark.parametrize("at", ["2027-03-01T15:29:00Z", "2027-03-01T15:31:00Z"])
def test_a_contact_before_acceptance_or_in_the_future_is_refused(office: Office, at: str) -> None:
    _, (offer,) = office.offered()
    office.clock.advance(timedelta(minutes=30))
    office.step(NEAR, offer, "accept")
    body = {"mode": "call", "reached": True, "attempted_at": at}
    answer = office.call(NEAR, "POST", f"/v1/offers/{offer}/contacts", body)
    assert answer.status_code == 422
    assert "attempted_at" in answer.json["errors"]


@pytest.mark.parametrize(
    ("step", "body", "field"),
    [
        ("decline", {"reason": "no_capacity", "side": "person"}, "side"),
        ("decline", {"reason": "tired", "side": "provider"}, "reason"),
        ("decline", {}, "reason"),
        ("not-served", {"reason": "deceased", "side": "provider"}, "side"),
        ("complete", {"outcome": "not_served"}, "outcome"),
        ("complete", {"outcome": "cured"}, "outcome"),
        ("contacts", {"mode": "pigeon", "reached": True}, "mode"),
        ("contacts", {"mode": "call", "reached": "perhaps"}, "reached"),
        ("accept", {"force": True}, "force"),
    ],
)
def test_a_wrong_body_is_refused_and_the_field_named(
    front_door: Office, step: str, body: dict[str, Any], field: str
) -> None:
    _, (offer,) = front_door.offered()
    answer = front_door.call(NEAR, "POST", f"/v1/offers/{offer}/{step}", body)
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_a_step_needs_no_body_where_there_is_nothing_to_say(office: Office) -> None:
    _, (offer,) = office.offered()
    assert office.call(NEAR, "POST", f"/v1/offers/{offer}/accept").status_code == 200


def test_unable_to_contact_may_lie_on_either_side(office: Office) -> None:
    for side, state in (("provider", "routing"), ("person", "closed")):
        referral, (offer,) = office.offered()
        office.step(NEAR, offer, "accept")
        office.step(NEAR, offer, "not-served", {"reason": "unable_to_contact", "side": side})
        assert office.seen(referral)["state"] == state


def test_every_step_is_audited_with_its_actor(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    office.step(NEAR, offer, "not-served", LEFT)
    audit = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/audit")
    assert audit["verified"] is True
    assert [(entry["actor"], entry["action"]) for entry in audit["items"]] == [
        ("officer-ann", "referral.submit"),
        ("referral_api", "proposal.routed"),
        ("desk@near", "offer.accept"),
        ("desk@near", "offer.not_served"),
    ]
