"""A consent revoked: nothing more is disclosed, every holder is told, and answers in time."""

from datetime import timedelta
from typing import Any, Final

import pytest

from contracts.vocabulary import CONTACTS_OF, ContactMode, SafeContact
from services.chassis.actor import Actor
from tests.integration.referral_api.consent_desk import (
    GIVEN,
    consents_of,
    listed,
    person,
    problem,
    statuses,
    why,
)
from tests.integration.referral_api.office import (
    COLLEAGUE,
    COORDINATOR,
    FAR,
    NEAR,
    OFFICER,
    Office,
)
from tests.ports.at_once import at_once

SAY_NO: Final = {"reason": "no_capacity", "side": "provider"}


def held(office: Office) -> tuple[str, str, str]:
    """A referral that near gave back and far holds: its id, near's offer and far's."""
    referral, (near,) = office.offered("near-beds")
    office.step(NEAR, near, "accept")
    office.step(NEAR, near, "not-served", SAY_NO)
    office.route(referral, "far-beds")
    far = next(o["offer_id"] for o in office.seen(referral)["offers"] if o["state"] == "open")
    office.step(FAR, far, "accept")
    return referral, near, far


def test_a_revocation_ends_all_and_reaches_everybody_who_ever_held_the_person(
    office: Office,
) -> None:
    referral, near, far = held(office)
    office.ok(OFFICER, "POST", f"/v1/referrals/{referral}/revoke-consent", {"note": "rang us"})
    assert office.seen(referral)["state"] == "withdrawn"
    assert statuses(office, referral) == ["given", "revoked"]
    assert person(office, FAR, far).status_code == 409
    told = [data["agency_id"] for kind, data in office.stream(referral) if "issued" in kind]
    assert told == ["near", "far"]
    for who, offer in ((NEAR, near), (FAR, far)):
        seen = office.ok(who, "GET", f"/v1/offers/{offer}")["revocation"]
        assert seen["due_at"] == "2027-03-01T19:00:00+00:00"
        assert seen["acknowledged_at"] is None


@pytest.mark.parametrize("who", [OFFICER, COORDINATOR])
def test_a_withdrawal_for_a_revoked_consent_is_a_revocation(office: Office, who: Actor) -> None:
    referral, _, _ = held(office)
    body = {"reason": "consent_revoked"}
    office.ok(who, "POST", f"/v1/referrals/{referral}/withdraw", body)
    assert len(consents_of(office, referral)["revocations"]) == 2


def test_an_agency_revokes_for_a_person_and_has_acknowledged_by_that(office: Office) -> None:
    referral, near, far = held(office)
    office.step(FAR, far, "revoke-consent", {"note": "told us at the door"})
    found = {r["agency_id"]: r for r in consents_of(office, referral)["revocations"]}
    assert found["far"]["acknowledged_at"] is not None
    assert found["near"]["acknowledged_at"] is None
    assert office.refused(FAR, "POST", f"/v1/offers/{far}/acknowledge-revocation", {}) == 409
    office.step(NEAR, near, "acknowledge-revocation")
    assert office.events(referral)[-1] == "revocation.acknowledged"


def test_an_agency_with_an_open_offer_may_revoke_and_one_that_said_no_may_not(
    office: Office,
) -> None:
    referral, (near, far) = office.offered("near-beds", "far-beds")
    office.step(FAR, far, "decline", SAY_NO)
    assert office.refused(FAR, "POST", f"/v1/offers/{far}/revoke-consent", {}) == 409
    office.step(NEAR, near, "revoke-consent")
    assert office.seen(referral)["state"] == "withdrawn"
    assert consents_of(office, referral)["revocations"] == []


def test_a_silent_holder_is_reminded_and_shown_to_the_coordinator_until_it_answers(
    office: Office,
) -> None:
    referral, near, far = held(office)
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/revoke-consent", {})
    office.step(FAR, far, "acknowledge-revocation")
    assert listed(office, "holder_silent") == 0
    office.pass_time(hours=4)
    late = [data for kind, data in office.stream(referral) if "overdue" in kind]
    assert [data["agency_id"] for data in late] == ["near"]
    assert why(office) == {(referral, "holder_silent")}
    office.pass_time(hours=4)
    assert office.events(referral).count("revocation.overdue") == 2
    body = {"told_by": "their night desk, by phone"}
    office.ok(COORDINATOR, "POST", f"/v1/offers/{near}/acknowledge-revocation", body)
    assert why(office) == set()
    office.pass_time(hours=9)
    assert office.events(referral).count("revocation.overdue") == 2


def test_a_consent_is_revoked_after_the_end_too_and_once(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    office.step(NEAR, offer, "complete", {"outcome": "housed"})
    office.step(NEAR, offer, "revoke-consent")
    assert office.seen(referral)["state"] == "closed"
    path = f"/v1/referrals/{referral}/revoke-consent"
    assert office.refused(COORDINATOR, "POST", path, {}) == 409
    # An officer is not told that somebody else was told before.
    assert office.ok(OFFICER, "POST", path, {})["status"] == "closed"
    assert office.events(referral).count("consent.revoked") == 1


def test_an_officer_gets_the_receipt_back_and_none_of_the_consents(office: Office) -> None:
    referral = office.submit()
    path = f"/v1/referrals/{referral}"
    for answer in (
        office.ok(OFFICER, "POST", f"{path}/consent", GIVEN),
        office.ok(OFFICER, "POST", f"{path}/revoke-consent", {}),
    ):
        assert {*answer, "receiver"} == set(office.ok(OFFICER, "GET", path))
        assert "consent" not in answer
    assert office.refused(OFFICER, "GET", f"{path}/consents") == 403
    assert office.refused(COLLEAGUE, "POST", f"{path}/revoke-consent", {}) == 404


# A protected need.


def test_no_event_of_a_protected_need_tells_more_than_need_and_urgency(office: Office) -> None:
    cannot = {"cannot_consent_now": True}
    protected: dict[str, Any] = {"need": "domestic_violence_shelter", "consent": cannot}
    referral, (offer,) = office.offered("near-beds", **protected)
    office.step(NEAR, offer, "accept")
    short = GIVEN | {"expires_at": "2027-03-01T16:00:00Z"}
    office.step(NEAR, offer, "consent", short)
    office.pass_time(hours=1)
    office.step(NEAR, offer, "consent", GIVEN)
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/revoke-consent", {})
    office.pass_time(hours=5)
    office.step(NEAR, offer, "acknowledge-revocation")
    path, body = f"/v1/referrals/{referral}/erase", {"reason": "person_asked"}
    office.ok(COORDINATOR, "POST", path, body)
    told = office.stream(referral)
    assert {kind.split(".", 1)[1] for kind, _ in told} >= {
        "consent.recorded.v1",
        "consent.expired.v1",
        "consent.revoked.v1",
        "revocation.issued.v1",
        "revocation.overdue.v1",
        "revocation.acknowledged.v1",
        "person.erased.v1",
    }
    for _, data in told:
        facts = {n: v for n, v in data["snapshot"]["facts"].items() if v not in (None, [], False)}
        assert set(facts) == {"sector", "need", "urgency", "origin"}
        assert data.get("encounter_id") is None


# At once.


def test_nothing_is_disclosed_after_a_revocation_has_committed(office: Office) -> None:
    for _ in range(3):
        referral, (offer,) = office.offered()
        office.step(NEAR, offer, "accept")
        calls = [
            (OFFICER, "POST", f"/v1/referrals/{referral}/revoke-consent"),
            (NEAR, "GET", f"/v1/offers/{offer}/person"),
            (NEAR, "POST", f"/v1/offers/{offer}/engage"),
            (NEAR, "GET", f"/v1/offers/{offer}/person"),
        ]

        def take(turn: int, calls: Any = calls) -> int:
            who, method, path = calls[turn]
            return int(office.call(who, method, path, {} if method == "POST" else None).status_code)

        revoked, *others = at_once(take, 1, len(calls))
        assert revoked == 200
        assert set(others) <= {200, 409}
        entries = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/audit")["items"]
        actions = [entry["action"] for entry in entries]
        after = actions[actions.index("consent.revoke") :]
        assert "person.read" not in after
        assert actions.count("person.read") == [others[0], others[2]].count(200)
        assert person(office, NEAR, offer).status_code == 409


def test_of_a_revocation_and_an_acceptance_at_once_the_referral_is_of_one_mind(
    office: Office,
) -> None:
    for _ in range(3):
        referral, (offer,) = office.offered()
        paths = (
            (COORDINATOR, f"/v1/referrals/{referral}/revoke-consent"),
            (NEAR, f"/v1/offers/{offer}/accept"),
        )
        statuses = at_once(lambda n, p=paths: office.call(*_post(p[n])).status_code, 1, 2)  # type: ignore[misc]
        assert statuses[0] == 200
        seen = office.seen(referral)
        assert (seen["state"], seen["consent"]) == ("withdrawn", "revoked")
        issued = office.events(referral).count("revocation.issued")
        assert issued == (1 if statuses[1] == 200 else 0)


def _post(call: tuple[Actor, str]) -> tuple[Actor, str, str, dict[str, Any]]:
    who, path = call
    return who, "POST", path, {}


# Safe contact.


@pytest.mark.parametrize("rule", SafeContact)
def test_a_contact_in_a_way_that_is_not_safe_is_refused_by_the_rule(
    office: Office, rule: SafeContact
) -> None:
    _, (offer,) = office.offered(person={"safe_contact": rule.value})
    office.step(NEAR, offer, "accept")
    office.clock.advance(timedelta(minutes=5))
    path = f"/v1/offers/{offer}/contacts"
    for mode in ContactMode:
        answer = office.call(NEAR, "POST", path, {"mode": mode.value, "reached": False})
        if mode in CONTACTS_OF[rule]:
            assert answer.status_code == 200
        else:
            assert answer.status_code == 422
            assert rule.value in answer.json["errors"]["mode"][0]


def test_a_coordinator_is_not_told_the_rule(office: Office) -> None:
    _, (offer,) = office.offered(person={"safe_contact": "text_only"})
    office.step(NEAR, offer, "accept")
    body = {"mode": "call", "reached": False, "told_by": "the desk"}
    status, errors = problem(office, COORDINATOR, f"/v1/offers/{offer}/contacts", body)
    assert status == 422
    assert "text_only" not in str(errors)
