"""Submitting: kept once, refused with the field named, never read back by the officer."""

from typing import Any
from uuid import uuid4

import pytest

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from tests.integration.referral_api.office import (
    COORDINATOR,
    OFFICER,
    TRAINEE,
    Office,
    submission,
)

PATH = "/v1/referrals"


def send(office: Office, body: object, who: Actor = OFFICER) -> Any:
    return office.call(who, "POST", PATH, body, Idempotency_Key=str(uuid4()))


def test_a_submission_is_answered_with_a_receipt_and_its_address(office: Office) -> None:
    answer = send(office, submission())
    assert answer.status_code == 201
    receipt = answer.json
    assert receipt["status"] == "received"
    assert len(receipt["reference"]) == 9
    assert answer.headers["Location"] == f"{PATH}/{receipt['referral_id']}"
    assert receipt["needs_attention"] is False
    assert receipt["questions"] == []
    named = {"referral_id", "reference", "status", "submitted_at", "needs_attention", "questions"}
    assert set(receipt) == named


def test_a_submission_opens_attempt_one_with_a_live_timer(office: Office) -> None:
    referral = office.submit()
    assert office.events(referral) == ["referral.submitted"]
    seen = office.seen(referral)
    assert (seen["state"], seen["owner"], seen["attempt"]) == ("routing", "matcher", 1)
    assert seen["review_at"] == "2027-03-01T15:15:00+00:00"
    shown = office.snapshot(referral)
    assert shown["open_attempt"]["number"] == 1
    assert shown["facts"]["avoided"] == ["grim-beds"]
    assert (shown["live_offers"], shown["holder"], shown["excluded"]) == ([], None, [])


def test_the_same_key_and_body_make_one_referral(office: Office) -> None:
    body, key = submission(), str(uuid4())
    answers = [office.call(OFFICER, "POST", PATH, body, Idempotency_Key=key) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert office.rows("SELECT count(*) FROM referrals") == [(1,)]
    assert office.rows("SELECT count(*) FROM consents") == [(1,)]


def test_the_same_key_with_another_body_is_refused(office: Office) -> None:
    key = str(uuid4())
    office.ok(OFFICER, "POST", PATH, submission(), Idempotency_Key=key)
    answer = office.call(OFFICER, "POST", PATH, submission(), Idempotency_Key=key)
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json["detail"]


def test_a_submission_needs_a_key(office: Office) -> None:
    answer = office.call(OFFICER, "POST", PATH, submission())
    assert (answer.status_code, answer.json["type"]) == (
        400,
        "/problems/idempotency-key-missing",
    )


PAST = "2021-05-01T23:30:00-06:00"
PERSON: dict[str, Any] = {"name": "R", "where_to_find": "the bench", "safe_contact": "any"}
CONSENT = {"scope": "all_stated", "given_by": "self", "method": "spoken"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"encounter_id": "seven"}, "encounter_id"),
        ({"need": "food"}, "need"),
        ({"urgency": None}, "urgency"),
        ({"entry_door": ["community"]}, "entry_door"),
        ({"voluntary": False}, "voluntary"),
        ({"voluntary": "yes"}, "voluntary"),
        ({"incident_number": "7"}, "incident_number"),
        ({"place": {"latitude": 91, "longitude": 0}}, "place"),
        ({"place": {"latitude": "41.8", "longitude": 0}}, "place"),
        ({"place": {"latitude": 41.8}}, "place"),
        ({"preferred_programs": ["a", "a"]}, "preferred_programs"),
        ({"preferred_programs": ["Not A Slug"]}, "preferred_programs"),
        ({"preferred_programs": ["slug\n"]}, "preferred_programs"),
        ({"preferred_programs": ["both"], "avoided_programs": ["both"]}, "avoided_programs"),
        ({"note": "x" * 2001}, "note"),
        ({"note": "   "}, "note"),
        ({"note": "\x07"}, "note"),
        ({"origin": "imported"}, "occurred_at"),
        ({"origin": "imported", "occurred_at": "2027-02-28T15:00:01Z"}, "origin"),
        ({"origin": "imported", "occurred_at": PAST, "urgency": "crisis"}, "origin"),
        ({"occurred_at": "2027-03-01T15:00:01Z"}, "occurred_at"),
        ({"occurred_at": "2027-03-01T15:00:00"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"consent": CONSENT | {"given_by": "guardian"}}, "consent"),
        ({"consent": CONSENT | {"scope": "everything"}}, "consent"),
        ({"consent": CONSENT | {"expires_at": "2027-03-01T15:00:00Z"}}, "consent.expires_at"),
        ({"consent": None}, "consent"),
        ({"person": {"age": -1}}, "person"),
        ({"person": {"age": 121}}, "person"),
        ({"person": {"age": 34.5}}, "person"),
        ({"person": {"age": True}}, "person"),
        ({"person": {"household_size": 0}}, "person"),
        ({"person": {"language": "Spanish"}}, "person"),
        ({"person": {"email": "nobody"}}, "person"),
        ({"person": {"safe_contact": "shout"}}, "person"),
        ({"person": {"accommodations": ["pets", "pets"]}}, "person"),
        ({"person": {"phone": None, "email": None, "where_to_find": None}}, "person"),
    ],
)
def test_what_cannot_stand_is_refused_and_the_field_named(
    front_door: Office, changes: dict[str, Any], field: str
) -> None:
    answer = send(front_door, submission(**changes))
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert field in answer.json["errors"]
    assert front_door.rows("SELECT count(*) FROM referrals") == [(0,)]


@pytest.mark.parametrize("body", [[], "text", 7, None])
def test_a_body_of_the_wrong_kind_is_refused(front_door: Office, body: object) -> None:
    assert send(front_door, body).status_code in {400, 422}


def test_no_phone_is_normal_and_no_name_too(office: Office) -> None:
    body = submission()
    body["person"] = {"where_to_find": "the bench", "safe_contact": "in_person_only"}
    assert send(office, body).status_code == 201


def test_whoever_must_not_be_contacted_needs_no_way_to_be(office: Office) -> None:
    body = submission()
    body["person"] = {"safe_contact": "do_not_contact"}
    assert send(office, body).status_code == 201


def test_an_imported_row_of_the_past_is_marked_so(office: Office) -> None:
    referral = office.submit(origin="imported", occurred_at=PAST)
    assert office.seen(referral)["origin"] == "imported"
    assert office.snapshot(referral)["facts"]["origin"] == "imported"


def test_events_tell_the_day_of_an_imported_row_and_of_no_other(office: Office) -> None:
    imported = office.submit(origin="imported", occurred_at=PAST)
    assert office.snapshot(imported)["occurred_at"] == "2021-05-02T00:00:00+00:00"
    live = office.submit(occurred_at=PAST)
    assert office.snapshot(live)["occurred_at"] is None


def test_a_row_of_exactly_a_day_ago_may_be_imported(office: Office) -> None:
    body = submission(origin="imported", occurred_at="2027-02-28T15:00:00Z")
    assert send(office, body).status_code == 201


def test_a_past_crisis_is_imported_for_training(office: Office) -> None:
    body = submission(origin="imported", occurred_at=PAST, urgency="crisis")
    assert send(office, body, TRAINEE).status_code == 201


def test_a_protected_need_is_linked_to_no_other_of_its_encounter(office: Office) -> None:
    encounter = str(uuid4())
    protected = office.submit(encounter_id=encounter, need="domestic_violence_shelter")
    plain = office.submit(encounter_id=encounter)
    told = [office.stream(r)[0][1]["encounter_id"] for r in (protected, plain)]
    assert told == [None, encounter]
    assert office.rows("SELECT count(DISTINCT encounter_id) FROM referrals") == [(1,)]


def test_a_training_units_referral_is_marked_so(office: Office) -> None:
    referral = office.submit(TRAINEE)
    assert office.seen(referral)["training"] is True
    assert office.snapshot(referral)["facts"]["training"] is True


def test_a_unit_that_nobody_added_is_named(office: Office) -> None:
    stranger = Actor(subject="officer-x", role=Role.OFFICER, unit_id="nowhere")
    answer = send(office, submission(), stranger)
    assert answer.status_code == 422
    assert "nowhere" in answer.json["errors"]["unit"][0]


def test_a_coordinator_submits_for_the_unit_of_the_token(office: Office) -> None:
    at_desk = Actor(subject="coordinator-cy", role=Role.COORDINATOR, unit_id="central")
    assert send(office, submission(), at_desk).status_code == 201
    assert send(office, submission(), COORDINATOR).status_code == 422


def test_a_submission_that_fails_leaves_nothing_but_a_key_that_is_cleared(
    office: Office,
) -> None:
    body = submission()
    office.plant("CREATE UNIQUE INDEX one_field ON person_fields (referral_id)")
    assert send(office, body).status_code == 500
    assert office.rows("SELECT count(*) FROM referrals") == [(0,)]
    assert office.keys_kept() == 1
    office.plant("DROP INDEX one_field")
    kept = office.submit()
    office.pass_time(hours=2)
    assert office.keys_kept() == 1
    assert office.seen(kept)["state"] == "routing"
