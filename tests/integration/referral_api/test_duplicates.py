"""Duplicates: found after the submission, by a job that officers learn nothing of."""

from datetime import timedelta
from typing import Any

import pytest

from services.chassis.actor import Actor
from services.referral_api.store import duplicates
from tests.integration.referral_api.doubles import PAIRS, SOMEBODY, doubles, met, settle, twice
from tests.integration.referral_api.office import (
    CANARIES,
    COLLEAGUE,
    COORDINATOR,
    NEAR,
    OFFICER,
    TRAINEE,
    Office,
    submission,
)
from tests.integration.referral_api.queue import audited, listed, why


def test_a_person_met_twice_is_put_before_a_coordinator_once_and_with_why(office: Office) -> None:
    older, newer = twice(office)
    (item,) = listed(office, "?why=duplicate")
    assert item["referral"]["referral_id"] == newer
    assert "settle_duplicate" in item["can"]
    (seen,) = doubles(office, newer)
    assert (seen["referral_id"], seen["newer"], seen["state"]) == (older, False, "open")
    assert seen["why"] == ["same_name", "same_phone", "same_email"]
    (back,) = doubles(office, older)
    assert (back["referral_id"], back["newer"]) == (newer, True)
    assert office.clear_text(list(CANARIES.values())) == []


@pytest.mark.parametrize(
    ("who", "changes"),
    [
        (COLLEAGUE, {"person": SOMEBODY}),
        (COLLEAGUE, {"need": "counselling"}),
        (COLLEAGUE, {"person": {"age": 60}}),
        (COLLEAGUE, {"need": "domestic_violence_shelter"}),
        (COLLEAGUE, {"consent": {"cannot_consent_now": True}}),
        (COLLEAGUE, {"origin": "imported", "occurred_at": "2027-02-20T12:00:00Z"}),
        (TRAINEE, {}),
    ],
    ids=["another", "sector", "age", "protected", "no consent", "of the past", "training"],
)
def test_who_is_another_or_must_not_be_looked_up_is_no_duplicate(
    office: Office, who: Actor, changes: dict[str, Any]
) -> None:
    met(office)
    other = met(office, who, **changes)
    assert doubles(office, other) == []
    assert office.rows(PAIRS) == []
    left = "SELECT count(*) FROM referrals WHERE compare_at IS NOT NULL"
    assert office.rows(left) == [(0,)]


def test_an_age_that_is_learnt_later_parts_those_whom_it_tells_apart(office: Office) -> None:
    met(office)
    newer = met(office, person={"age": None})
    assert len(doubles(office, newer)) == 1
    office.ok(OFFICER, "POST", f"/v1/referrals/{newer}/facts", {"age": 60})
    office.pass_time(minutes=1)
    assert doubles(office, newer) == []
    assert listed(office, "?why=duplicate") == []


def test_what_lies_further_back_than_the_window_or_has_ended_is_not_compared(
    office: Office,
) -> None:
    ended = met(office)
    office.ok(OFFICER, "POST", f"/v1/referrals/{ended}/withdraw", {"reason": "declined"})
    met(office)
    assert office.rows(PAIRS) == []
    office.pass_time(days=14)
    met(office)
    assert office.rows(PAIRS) == []


def test_another_unit_counts_only_where_it_meets_people_nearby(office: Office) -> None:
    office.plant("INSERT INTO units (id, name, training, told) VALUES ('west', 'W', false, true)")
    neighbour = Actor(subject="officer-di", role=OFFICER.role, unit_id="west")
    here = met(office)
    far = met(office, neighbour, place={"latitude": 42.9, "longitude": -90.2})
    assert office.rows(PAIRS) == []
    near = met(office, neighbour, place={"latitude": 41.806, "longitude": -90.21})
    assert [double["referral_id"] for double in doubles(office, near)] == [far, here]


def test_a_run_costs_no_more_than_so_many_comparisons_and_is_audited_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "MOST_COMPARED", 2)
    for number in range(4):
        met(office, person={"name": f"Ada Number{number} Byrne{number}", "phone": None})
    last = met(office)
    entry = audited(office, last)
    assert (entry["action"], entry["actor"], entry["role"]) == (
        "person.compare",
        "referral_api",
        "service",
    )
    assert entry["detail"]["read"] == 2
    assert entry["detail"]["purpose"] == "duplicate"
    assert entry["detail"]["fields"] == ["email", "name", "phone"]
    shown = office.ok(COORDINATOR, "GET", f"/v1/referrals/{last}/disclosures")
    assert shown == {"reference": shown["reference"], "items": [], "verified": True}


def test_the_officers_answers_are_the_same_with_a_double_and_without(office: Office) -> None:
    def answers(**changes: Any) -> list[tuple[int, Any, Any]]:
        body = submission(**changes)
        first = office.call(OFFICER, "POST", "/v1/referrals", body, Idempotency_Key=str(changes))
        referral = first.json["referral_id"]
        office.run_jobs()
        reads = [f"/v1/referrals/{referral}", f"/v1/referrals/{referral}/handoff"]
        told = [first, *(office.call(OFFICER, "GET", path) for path in reads)]
        own = {"referral_id", "reference"}
        hidden = {"Location", "Content-Length", "Date"}
        return [
            (
                answer.status_code,
                {k: v for k, v in answer.json.items() if k not in own},
                sorted((k, v) for k, v in answer.headers if k not in hidden),
            )
            for answer in told
        ]

    office.submit()
    office.run_jobs()
    alone = answers(person=SOMEBODY, place=None)
    assert office.rows(PAIRS) == []
    assert answers(place=None) == alone
    assert office.rows(PAIRS) == [("open",)]
    for who in (OFFICER, NEAR):
        first = office.ok(OFFICER, "GET", "/v1/referrals")["items"][0]["referral_id"]
        assert office.refused(who, "GET", f"/v1/referrals/{first}/duplicates") == 403


def test_a_submission_looks_at_no_other_referral(office: Office) -> None:
    """What would take longer where there is a double happens after the answer, in a job."""
    office.submit()
    office.run_jobs()
    referral = office.submit()
    assert office.rows(PAIRS) == []
    actions = [office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/audit")["items"]]
    assert [entry["action"] for entry in actions[0]] == ["referral.submit"]


def test_a_correction_finds_anew_and_forgets_what_was_a_mistake(office: Office) -> None:
    older, newer = twice(office)
    named = {"person": {"name": "Ada Byrne", "phone": None, "email": None}}
    office.ok(OFFICER, "PATCH", f"/v1/referrals/{newer}", named, If_Match='"1"')
    office.run_jobs()
    assert (office.rows(PAIRS), listed(office)) == ([], [])
    office.ok(OFFICER, "PATCH", f"/v1/referrals/{older}", named, If_Match='"1"')
    office.run_jobs()
    assert doubles(office, newer)[0]["why"] == ["same_name"]
    assert why(office, older) == {"duplicate"}


def test_a_need_that_becomes_protected_leaves_no_pair(office: Office) -> None:
    older, newer = twice(office)
    settle(office, newer, older, "different")
    change = {"need": "domestic_violence_shelter"}
    office.ok(OFFICER, "PATCH", f"/v1/referrals/{newer}", change, If_Match='"1"')
    office.run_jobs()
    assert (office.rows(PAIRS), listed(office)) == ([], [])


def test_a_consent_that_comes_later_lets_the_person_be_recognised(office: Office) -> None:
    met(office)
    later = met(office, consent={"cannot_consent_now": True})
    given = {"scope": "all_stated", "given_by": "self", "method": "spoken"}
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{later}/consent", given)
    office.run_jobs()
    assert why(office, later) == {"duplicate"}


def test_persons_whose_key_is_gone_are_left_out(office: Office) -> None:
    met(office)
    office.destroy_keys()
    assert doubles(office, met(office)) == []


def test_between_two_and_of_one_moment_the_pair_is_found_once(office: Office) -> None:
    older, newer = office.submit(), office.submit()
    office.clock.advance(timedelta(seconds=1))
    office.run_jobs()
    assert office.rows(PAIRS) == [("open",)]
    assert (why(office, older), why(office, newer)) == (set(), {"duplicate"})
