"""A consent's life: given by whom it may, to whom it names, obtained late, renewed, expired."""

from typing import Any

import pytest

from tests.integration.referral_api.consent_desk import (
    CANNOT,
    GIVEN,
    SHORT,
    consents_of,
    person,
    problem,
    statuses,
    why,
)
from tests.integration.referral_api.office import (
    CANARIES,
    COORDINATOR,
    FAR,
    NEAR,
    OFFICER,
    Office,
    submission,
)

# Cannot consent now.


def test_whoever_cannot_consent_is_offered_by_need_and_urgency_alone(office: Office) -> None:
    _, (offer,) = office.offered(consent=CANNOT)
    seen = office.ok(NEAR, "GET", f"/v1/offers/{offer}")
    assert (seen["need"], seen["urgency"], seen["sector"]) == (
        "emergency_shelter",
        "urgent",
        "housing",
    )
    shown = {n: seen[n] for n in ("age_band", "language", "household_size", "accommodations")}
    assert shown == {
        "age_band": "unknown",
        "language": None,
        "household_size": None,
        "accommodations": [],
    }
    assert seen["consent"] == "cannot_consent_now"


def test_the_agency_that_accepted_records_the_consent_before_it_reads(office: Office) -> None:
    referral, (near, far) = office.offered("near-beds", "far-beds", consent=CANNOT)
    path = f"/v1/offers/{near}/consent"
    assert office.refused(NEAR, "POST", path, GIVEN) == 409
    office.step(NEAR, near, "accept")
    refused = person(office, NEAR, near)
    assert refused.status_code == 409
    assert "POST /v1/offers/{offer_id}/consent" in refused.json["detail"]
    assert office.refused(FAR, "POST", f"/v1/offers/{far}/consent", GIVEN) == 409
    office.step(NEAR, near, "consent", GIVEN)
    assert person(office, NEAR, near).json["name"] == CANARIES["name"]
    assert office.ok(NEAR, "GET", f"/v1/offers/{near}")["age_band"] == "25_to_44"
    assert statuses(office, referral) == ["cannot_consent_now", "given"]
    assert office.events(referral)[-1] == "consent.recorded"


def test_the_recipients_that_a_consent_names_are_read_back(office: Office) -> None:
    named = {"agencies": ["near"], "sectors": ["housing", "youth"]}
    referral, _ = office.offered(consent=GIVEN | named)
    (item,) = consents_of(office, referral)["items"]
    assert {name: item[name] for name in named} == named


@pytest.mark.parametrize("field", ["scope", "given_by", "method"])
def test_a_consent_is_given_whole_or_not_at_all(office: Office, field: str) -> None:
    lacking = {name: value for name, value in GIVEN.items() if name != field}
    for consent in (lacking, CANNOT | {field: GIVEN[field]}):
        status, errors = problem(office, OFFICER, "/v1/referrals", submission(consent=consent))
        assert (status, list(errors["consent"])) == (422, [field])


def test_a_guardian_who_is_found_later_is_named_sealed(office: Office) -> None:
    _, (offer,) = office.offered(consent=CANNOT)
    office.step(NEAR, offer, "accept")
    guardian = GIVEN | {"given_by": "guardian", "representative_name": "Aunt Perpetua Zyxwine"}
    office.step(NEAR, offer, "consent", guardian)
    shown = person(office, NEAR, offer).json["consent"]
    assert shown["given_by"] == "guardian"
    assert shown["representative_name"] == guardian["representative_name"]
    assert office.clear_text(["Perpetua"]) == []


# Minors, by the data file.


def minor(**changes: Any) -> dict[str, Any]:
    return submission(need="youth_shelter", person={"age": 16}, **changes)


def test_a_minor_does_not_consent_alone_and_the_problem_names_the_field(office: Office) -> None:
    status, errors = problem(office, OFFICER, "/v1/referrals", minor())
    assert (status, list(errors)) == (422, ["consent.given_by"])
    guardian = GIVEN | {"given_by": "guardian", "representative_name": "a parent"}
    office.ok(OFFICER, "POST", "/v1/referrals", minor(consent=guardian), Idempotency_Key="g")
    office.ok(OFFICER, "POST", "/v1/referrals", minor(consent=CANNOT), Idempotency_Key="c")


def test_a_correction_to_a_minors_age_needs_the_guardian_first(office: Office) -> None:
    referral = office.submit()
    path, body = f"/v1/referrals/{referral}", {"person": {"age": 16}}
    answer = office.call(OFFICER, "PATCH", path, body, If_Match='"1"')
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["person.age"])
    guardian = GIVEN | {"given_by": "guardian", "representative_name": "a parent"}
    office.ok(OFFICER, "POST", f"{path}/consent", guardian)
    office.ok(OFFICER, "PATCH", path, body, If_Match='"1"')


def test_a_consent_that_is_obtained_later_is_held_to_the_same_rule(office: Office) -> None:
    need = {"need": "youth_shelter", "person": {"age": 16}, "consent": CANNOT}
    _, (offer,) = office.offered("near-beds", **need)
    office.step(NEAR, offer, "accept")
    status, errors = problem(office, NEAR, f"/v1/offers/{offer}/consent", GIVEN)
    assert (status, list(errors)) == (422, ["consent.given_by"])


# Whom a consent names.


def test_only_agencies_that_were_named_are_offered_and_read(office: Office) -> None:
    referral = office.submit(consent=GIVEN | {"agencies": ["near"]})
    office.route(referral, "far-beds")
    assert office.snapshot(referral)["open_attempt"]["number"] == 2
    assert office.snapshot(referral)["excluded"] == ["far-beds"]
    place = {"program_id": "far-beds", "note": "they asked"}
    assert office.refused(COORDINATOR, "POST", f"/v1/referrals/{referral}/place", place) == 409
    office.route(referral, "near-beds")
    (offer,) = (o["offer_id"] for o in office.seen(referral)["offers"])
    office.step(NEAR, offer, "accept")
    assert person(office, NEAR, offer).status_code == 200
    office.ok(
        OFFICER, "POST", f"/v1/referrals/{referral}/consent", GIVEN | {"agencies": ["elsewhere"]}
    )
    assert person(office, NEAR, offer).status_code == 409
    assert office.snapshot(referral)["excluded"] == []


def test_a_need_of_a_sector_that_was_not_named_is_refused(office: Office) -> None:
    body = submission(consent=GIVEN | {"sectors": ["youth"]})
    status, errors = problem(office, OFFICER, "/v1/referrals", body)
    assert (status, list(errors)) == (422, ["consent.sectors"])
    body = submission(consent=GIVEN | {"sectors": ["housing"]})
    office.ok(OFFICER, "POST", "/v1/referrals", body, Idempotency_Key="h")


# Expiry.


def test_an_expiry_is_noticed_by_itself_and_becomes_the_coordinators(office: Office) -> None:
    referral, (offer,) = office.offered(consent=SHORT)
    office.step(NEAR, offer, "accept")
    office.pass_time(hours=1)
    assert office.events(referral)[-1] == "consent.expired"
    assert statuses(office, referral) == ["given", "expired"]
    assert why(office) == {(referral, "consent_needed")}
    assert person(office, NEAR, offer).status_code == 409
    office.step(NEAR, offer, "consent", GIVEN)
    assert person(office, NEAR, offer).status_code == 200
    assert why(office) == set()
    assert statuses(office, referral) == ["given", "expired", "given"]


def test_a_consent_that_was_renewed_in_time_does_not_expire(office: Office) -> None:
    referral, (offer,) = office.offered(consent=SHORT)
    office.step(NEAR, offer, "accept")
    office.step(NEAR, offer, "consent", GIVEN)
    office.pass_time(hours=2)
    assert "consent.expired" not in office.events(referral)
    assert person(office, NEAR, offer).status_code == 200


def test_the_end_of_a_consent_lies_in_the_future_and_the_referral_goes_on(office: Office) -> None:
    referral = office.submit()
    path = f"/v1/referrals/{referral}/consent"
    over = GIVEN | {"expires_at": "2027-03-01T15:00:00Z"}
    assert problem(office, OFFICER, path, over)[1].keys() == {"expires_at"}
    office.ok(OFFICER, "POST", f"/v1/referrals/{referral}/withdraw", {"reason": "declined"})
    assert office.refused(OFFICER, "POST", path, GIVEN) == 409


def test_every_record_says_from_when_until_when_it_stood(office: Office) -> None:
    referral = office.submit(consent=SHORT)
    office.pass_time(hours=2)
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/consent", GIVEN)
    newest, expired, first = consents_of(office, referral)["items"]
    assert (first["until"], expired["since"]) == ("2027-03-01T16:00:00+00:00",) * 2
    assert expired["until"] == newest["since"] == "2027-03-01T17:00:00+00:00"
    assert newest["until"] is None
    assert [r["version"] for r in (first, expired, newest)] == [1, 2, 3]
