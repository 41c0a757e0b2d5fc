"""A coordinator records what an agency said by phone: marked, audited, and without the person."""

from typing import Any

import pytest

from tests.integration.referral_api.office import (
    ADMIN,
    CANARIES,
    COORDINATOR,
    FAR,
    NEAR,
    OFFICER,
    Office,
)

TOLD = {"told_by": "Mirabel at the night desk, by phone"}
NO = {"reason": "no_capacity", "side": "provider"}
BODIES: dict[str, dict[str, Any]] = {
    "acknowledge": {},
    "accept": {},
    "decline": NO,
    "contacts": {"mode": "call", "reached": True},
    "engage": {},
    "complete": {"outcome": "sheltered"},
    "not-served": NO,
}
BEFORE = {"contacts": ["accept"], "engage": ["accept"], "complete": ["accept"]}
BEFORE |= {"not-served": ["accept"]}
EVENTS = {
    "acknowledge": "offer.acknowledged",
    "accept": "offer.accepted",
    "decline": "offer.declined",
    "contacts": "contact.attempted",
    "engage": "offer.engaged",
    "complete": "offer.completed",
    "not-served": "offer.not_served",
}


def ready(office: Office, step: str) -> tuple[str, str]:
    """An offer for which the step is the next, by the agency itself so far."""
    referral, (offer,) = office.offered("near-beds")
    for before in BEFORE.get(step, []):
        office.step(NEAR, offer, before)
    return referral, offer


@pytest.mark.parametrize("step", BODIES)
def test_a_coordinator_records_each_answer_on_behalf_of_the_agency(
    office: Office, step: str
) -> None:
    referral, offer = ready(office, step)
    path = f"/v1/offers/{offer}/{step}"
    shown = office.ok(COORDINATOR, "POST", path, BODIES[step] | TOLD)
    assert shown["offer_id"] == offer
    said = [data for kind, data in office.stream(referral) if f".{EVENTS[step]}." in kind]
    assert [event["on_behalf"] for event in said] == [True]
    audit = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/audit")
    entry = audit["items"][-1]
    assert (entry["actor"], entry["role"]) == (COORDINATOR.subject, "coordinator")
    assert entry["detail"]["on_behalf_of"] == "near"
    notes = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/notes")["items"]
    assert {"about": entry["detail"]["told"], "text": TOLD["told_by"]} in notes
    assert office.clear_text([TOLD["told_by"]]) == []


@pytest.mark.parametrize("step", BODIES)
def test_an_agencys_own_answer_is_not_marked(office: Office, step: str) -> None:
    referral, offer = ready(office, step)
    office.step(NEAR, offer, step, BODIES[step])
    said = [data for kind, data in office.stream(referral) if f".{EVENTS[step]}." in kind]
    assert [event["on_behalf"] for event in said] == [False]


@pytest.mark.parametrize("step", BODIES)
def test_a_coordinator_says_who_told_them_and_an_agency_does_not(office: Office, step: str) -> None:
    referral, offer = ready(office, step)
    events = office.events(referral)
    for who, body in ((COORDINATOR, BODIES[step]), (NEAR, BODIES[step] | TOLD)):
        answer = office.call(who, "POST", f"/v1/offers/{offer}/{step}", body)
        assert answer.status_code == 422
        assert list(answer.json["errors"]) == ["told_by"]
    assert office.events(referral) == events


@pytest.mark.parametrize("step", BODIES)
def test_nobody_else_answers_for_an_agency(office: Office, step: str) -> None:
    _, offer = ready(office, step)
    path = f"/v1/offers/{offer}/{step}"
    for who, status in ((OFFICER, 403), (ADMIN, 403), (FAR, 404)):
        assert office.refused(who, "POST", path, BODIES[step]) == status


def test_a_coordinator_who_accepts_for_an_agency_does_not_read_the_person(office: Office) -> None:
    _, offer = ready(office, "accept")
    shown = office.call(COORDINATOR, "POST", f"/v1/offers/{offer}/accept", TOLD)
    assert shown.status_code == 200
    assert [word for word in CANARIES.values() if word in shown.text] == []
    assert office.refused(COORDINATOR, "GET", f"/v1/offers/{offer}/person") == 403
    assert office.ok(NEAR, "GET", f"/v1/offers/{offer}/person")["name"] == CANARIES["name"]


def test_offers_taken_back_by_an_acceptance_on_behalf_are_nobodys_answer(office: Office) -> None:
    referral, (near, _) = office.offered("near-beds", "far-beds")
    office.ok(COORDINATOR, "POST", f"/v1/offers/{near}/accept", TOLD)
    marks = {kind: data.get("on_behalf") for kind, data in office.stream(referral)}
    found = {kind.split(".", 1)[1][:-3]: mark for kind, mark in marks.items()}
    assert (found["offer.accepted"], found["offer.rescinded"]) == (True, False)


def test_what_the_state_does_not_allow_is_refused_on_behalf_too(office: Office) -> None:
    referral, offer = ready(office, "accept")
    path = f"/v1/offers/{offer}"
    assert office.refused(COORDINATOR, "POST", f"{path}/engage", TOLD) == 409
    office.ok(COORDINATOR, "POST", f"{path}/decline", NO | TOLD | {"note": "no bed tonight"})
    assert office.refused(COORDINATOR, "POST", f"{path}/accept", TOLD) == 409
    texts = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/notes")["items"]
    assert {note["text"] for note in texts} == {"no bed tonight", TOLD["told_by"]}
