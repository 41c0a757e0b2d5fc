"""The person: open to the agency that accepted, as agreed, sealed everywhere else."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.referral_api.office import (
    CANARIES,
    COORDINATOR,
    FAR,
    NEAR,
    OFFICER,
    Office,
    submission,
)


def person_of(office: Office, offer: str) -> Any:
    return office.ok(NEAR, "GET", f"/v1/offers/{offer}/person")


def test_the_person_is_open_only_while_the_offer_is_held(office: Office) -> None:
    _, (near, far) = office.offered("near-beds", "far-beds")
    path = f"/v1/offers/{near}/person"
    assert office.refused(NEAR, "GET", path) == 409
    office.step(NEAR, near, "accept")
    assert person_of(office, near)["name"] == CANARIES["name"]
    assert office.refused(FAR, "GET", f"/v1/offers/{far}/person") == 409
    office.step(NEAR, near, "complete", {"outcome": "housed"})
    assert office.refused(NEAR, "GET", path) == 409


@pytest.mark.parametrize("who", [OFFICER, COORDINATOR])
def test_no_other_role_reads_the_person(office: Office, who: Any) -> None:
    _, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    assert office.refused(who, "GET", f"/v1/offers/{offer}/person") == 403


def test_every_read_is_audited_by_the_names_of_the_fields(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    for _ in range(2):
        person_of(office, offer)
    audit = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/audit")
    reads = [entry for entry in audit["items"] if entry["action"] == "person.read"]
    assert [entry["actor"] for entry in reads] == ["desk@near", "desk@near"]
    assert "phone" in reads[0]["detail"]["fields"]
    assert CANARIES["phone"] not in str(audit)


def test_the_person_is_what_was_said_with_the_consent(office: Office) -> None:
    consent = {
        "scope": "all_stated",
        "given_by": "guardian",
        "method": "written",
        "representative_name": "Aunt Perpetua",
        "expires_at": "2027-04-01T00:00:00Z",
    }
    _, (offer,) = office.offered(consent=consent)
    office.step(NEAR, offer, "accept")
    shown = person_of(office, offer)
    assert {name: shown[name] for name in CANARIES} == CANARIES
    assert shown["place"] == submission()["place"]
    assert (shown["age"], shown["language"], shown["accommodations"]) == (34, "es", ["pets"])
    assert shown["consent"]["representative_name"] == "Aunt Perpetua"


def test_consent_to_contact_and_need_hides_the_note(office: Office) -> None:
    consent = {"scope": "contact_and_need", "given_by": "self", "method": "spoken"}
    _, (offer,) = office.offered(consent=consent)
    office.step(NEAR, offer, "accept")
    shown = person_of(office, offer)
    assert shown["note"] is None
    assert shown["phone"] == CANARIES["phone"]


def test_an_expired_consent_opens_nothing(office: Office) -> None:
    consent = submission()["consent"] | {"expires_at": "2027-03-01T16:00:00Z"}
    _, (offer,) = office.offered(consent=consent)
    office.step(NEAR, offer, "accept")
    assert person_of(office, offer)["name"] == CANARIES["name"]
    office.pass_time(hours=1)
    assert office.refused(NEAR, "GET", f"/v1/offers/{offer}/person") == 409


@pytest.mark.parametrize("step", ["acknowledge", "accept"])
def test_no_place_is_taken_under_an_expired_consent(office: Office, step: str) -> None:
    consent = submission()["consent"] | {"expires_at": "2027-03-01T16:00:00Z"}
    referral, (offer,) = office.offered(consent=consent)
    office.clock.advance(timedelta(hours=1))
    answer = office.call(NEAR, "POST", f"/v1/offers/{offer}/{step}", {})
    assert answer.status_code == 409
    assert "consent has expired" in answer.json["detail"]
    shown = office.snapshot(referral)
    assert (shown["state"], shown["holder"]) == ("offered", None)
    assert [live["state"] for live in shown["live_offers"]] == ["open"]


def test_an_erased_person_cannot_be_read_again(office: Office) -> None:
    _, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    office.destroy_keys()
    answer = office.call(NEAR, "GET", f"/v1/offers/{offer}/person")
    assert answer.status_code == 409
    assert "erased" in answer.json["detail"]


def test_sealed_bytes_that_were_moved_are_refused(office: Office) -> None:
    _, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    with office.transaction() as session:
        session.connection().exec_driver_sql(
            "UPDATE person_fields SET sealed = "
            "(SELECT sealed FROM person_fields WHERE field = 'phone') WHERE field = 'name'"
        )
    assert office.refused(NEAR, "GET", f"/v1/offers/{offer}/person") == 500


def test_no_personal_word_stands_in_the_clear_in_any_column(office: Office) -> None:
    referral, (near, _) = office.offered("near-beds", "far-beds")
    office.step(NEAR, near, "accept")
    person_of(office, near)
    note = "has a parrot called Ludmilla"
    no = {"reason": "not_eligible", "side": "provider", "note": note}
    office.step(NEAR, near, "not-served", no)
    version = office.seen(referral)["version"]
    office.ok(
        OFFICER,
        "PATCH",
        f"/v1/referrals/{referral}",
        {"person": {"phone": "+1 555 1112233"}},
        If_Match=f'"{version}"',
    )
    personal = [*CANARIES.values(), submission()["note"], note, "+1 555 1112233"]
    personal += ["41.801234", "no_voicemail"]
    assert office.clear_text(personal) == []
    office.plant("INSERT INTO units (id, name, training) VALUES ('x', 'parrot Ludmilla', false)")
    assert office.clear_text(["Ludmilla"]) == ["Ludmilla in units"]


PROTECTED: dict[str, Any] = {"need": "domestic_violence_shelter", "urgency": "crisis"}


def test_a_protected_need_carries_no_fact_in_any_column_or_event(office: Office) -> None:
    referral, (offer,) = office.offered("near-beds", **PROTECTED)
    facts = office.snapshot(referral)["facts"]
    told = {name: value for name, value in facts.items() if value not in (None, [], False)}
    assert told == {
        "sector": "housing",
        "need": "domestic_violence_shelter",
        "urgency": "crisis",
        "origin": "live",
    }
    row = office.rows(
        "SELECT entry_door, language, age, household_size, accommodations, cell, preferred "
        "FROM referrals"
    )
    assert row == [(None, None, None, None, "[]", None, "[]")]
    seen = office.ok(NEAR, "GET", f"/v1/offers/{offer}")
    assert (seen["age_band"], seen["language"], seen["household_size"]) == ("unknown", None, None)


def test_the_programs_to_avoid_are_obeyed_for_a_protected_need_too(office: Office) -> None:
    referral = office.submit(**PROTECTED)
    shown = office.snapshot(referral)
    assert (shown["facts"]["avoided"], shown["excluded"]) == ([], ["grim-beds"])
    assert office.seen(referral)["excluded"] == []


def test_the_agency_that_accepts_a_protected_need_reads_the_person(office: Office) -> None:
    _, (offer,) = office.offered("near-beds", **PROTECTED)
    office.step(NEAR, offer, "accept")
    shown = person_of(office, offer)
    assert (shown["name"], shown["age"]) == (CANARIES["name"], 34)
