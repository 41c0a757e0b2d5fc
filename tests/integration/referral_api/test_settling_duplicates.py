"""Settling duplicates: who is shown a pair, what a coordinator says of it, and what ends it."""

from datetime import timedelta
from typing import Any, Final

import pytest

from services.chassis.actor import Actor
from tests.integration.referral_api.doubles import (
    NOTE,
    PAIRS,
    SOMEBODY,
    doubles,
    met,
    settle,
    twice,
)
from tests.integration.referral_api.office import COORDINATOR, FAR, NEAR, OFFICER, START, Office
from tests.integration.referral_api.queue import audited, listed, why


def test_only_who_holds_the_referral_learns_of_a_double_and_not_with_whom(office: Office) -> None:
    older, (far,) = office.offered("far-beds")
    office.step(FAR, far, "accept")
    newer, (near,) = office.offered("near-beds")
    office.run_jobs()
    path = f"/v1/offers/{near}"
    assert office.ok(NEAR, "GET", path)["duplicates"] == []
    office.step(NEAR, near, "accept")
    told = office.ok(NEAR, "GET", path)["duplicates"]
    reference = office.seen(older)["reference"]
    assert told == [
        {
            "referral_id": older,
            "reference": reference,
            "need": "emergency_shelter",
            "sector": "housing",
        }
    ]
    (item,) = office.ok(NEAR, "GET", "/v1/offers")["items"]
    assert item["duplicates"] == told
    assert office.ok(FAR, "GET", f"/v1/offers/{far}")["duplicates"][0]["referral_id"] == newer
    assert settle(office, newer, older, "different").status_code == 200
    assert office.ok(NEAR, "GET", path)["duplicates"] == []


GIVEN: Final = {"scope": "all_stated", "given_by": "self", "method": "spoken"}
ENDS: Final = GIVEN | {"expires_at": (START + timedelta(hours=1)).isoformat()}


def shown(office: Office, who: Actor, offer: str) -> list[str]:
    """The doubles of an offer: by itself and in the list they are the same."""
    found = office.ok(who, "GET", f"/v1/offers/{offer}")["duplicates"]
    (item,) = office.ok(who, "GET", "/v1/offers")["items"]
    assert item["duplicates"] == found
    return [double["referral_id"] for double in found]


def test_a_double_is_shown_to_no_agency_that_its_own_consent_does_not_name(office: Office) -> None:
    older, (far,) = office.offered("far-beds", consent=GIVEN | {"agencies": ["far"]})
    office.step(FAR, far, "accept")
    newer, (near,) = office.offered("near-beds")
    office.step(NEAR, near, "accept")
    office.run_jobs()
    assert len(doubles(office, newer)) == 1
    assert shown(office, NEAR, near) == []
    assert shown(office, FAR, far) == [newer]
    renewed = GIVEN | {"agencies": ["far", "near"]}
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{older}/consent", renewed)
    assert shown(office, NEAR, near) == [older]


@pytest.mark.parametrize("over", ["own", "other"])
def test_a_double_is_shown_no_longer_once_a_consent_is_over_noticed_or_not(
    office: Office, over: str
) -> None:
    own, other = (ENDS, GIVEN) if over == "own" else (GIVEN, ENDS)
    older, (far,) = office.offered("far-beds", consent=other)
    office.step(FAR, far, "accept")
    _, (near,) = office.offered("near-beds", consent=own)
    office.step(NEAR, near, "accept")
    office.run_jobs()
    assert shown(office, NEAR, near) == [older]
    office.clock.advance(timedelta(hours=1))
    assert shown(office, NEAR, near) == []
    assert office.seen(older)["consent"] == "given"


def test_the_same_person_keeps_the_older_referral_and_the_newer_leaves_every_figure(
    office: Office,
) -> None:
    older, newer = twice(office)
    answer = settle(office, newer, older, "same")
    assert (answer.json["state"], answer.json["referral_id"]) == ("same", older)
    assert answer.json["settled_by"] == COORDINATOR.subject
    assert (office.seen(newer)["state"], office.seen(older)["state"]) == (
        "entered_in_error",
        "routing",
    )
    assert office.events(newer)[-1] == "referral.entered_in_error"
    assert [audited(office, one)["action"] for one in (older, newer)] == [
        "duplicate.same",
        "referral.enter_in_error",
    ]
    assert listed(office) == []
    assert office.ok(OFFICER, "GET", f"/v1/referrals/{newer}")["status"] == "closed"
    assert settle(office, older, newer, "different").status_code == 409
    notes = office.ok(COORDINATOR, "GET", f"/v1/referrals/{older}/notes")["items"]
    assert [note["text"] for note in notes] == [NOTE["note"]]


def test_two_people_are_told_apart_for_ever(office: Office) -> None:
    older, newer = twice(office)
    assert settle(office, older, newer, "different").json["state"] == "different"
    assert (doubles(office, older), listed(office)) == ([], [])
    change = {"person": {"where_to_find": "the north gate"}}
    office.ok(OFFICER, "PATCH", f"/v1/referrals/{newer}", change, If_Match='"1"')
    office.run_jobs()
    assert (doubles(office, newer), listed(office)) == ([], [])


def test_one_of_three_stays_listed_until_both_its_doubles_are_settled(office: Office) -> None:
    first, second = twice(office)
    third = met(office)
    assert settle(office, third, first, "different").status_code == 200
    assert why(office, third) == {"duplicate"}
    assert settle(office, third, second, "different").status_code == 200
    assert why(office, third) == set()
    assert why(office, second) == {"duplicate"}


def test_a_newer_one_that_is_with_a_program_ends_only_by_name(office: Office) -> None:
    older = met(office)
    newer, (near,) = office.offered("near-beds")
    office.step(NEAR, near, "accept")
    office.run_jobs()
    refused = settle(office, newer, older, "same")
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["ends"])
    assert settle(office, newer, older, "same", ends=older).status_code == 200
    assert (office.seen(newer)["state"], office.seen(older)["state"]) == (
        "accepted",
        "entered_in_error",
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"state": "open"} | NOTE, "state"),
        ({"state": "same"}, "note"),
        (NOTE, "state"),
        ({"state": "same", "ends": "0195510e-c400-7000-8000-000000000001"} | NOTE, "ends"),
        ({"state": "same", "ends": "me"} | NOTE, "ends"),
    ],
)
def test_a_verdict_that_cannot_stand_names_the_field(
    office: Office, body: dict[str, Any], field: str
) -> None:
    older, newer = twice(office)
    path = f"/v1/referrals/{newer}/duplicates/{older}/settle"
    answer = office.call(COORDINATOR, "POST", path, body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


def test_referrals_that_nobody_found_alike_are_no_pair(office: Office) -> None:
    one, other = met(office), met(office, person=SOMEBODY)
    assert settle(office, one, other, "different").status_code == 404
    assert settle(office, one, one, "different").status_code == 404


@pytest.mark.parametrize("ended", ["older", "newer"])
def test_a_double_that_ends_by_itself_takes_the_pair_off_the_worklist(
    office: Office, ended: str
) -> None:
    older, newer = twice(office)
    gone = older if ended == "older" else newer
    office.ok(OFFICER, "POST", f"/v1/referrals/{gone}/withdraw", {"reason": "self_resolved"})
    office.run_jobs()
    assert listed(office) == []
    assert settle(office, newer, older, "same").status_code == 409


@pytest.mark.parametrize("erased", ["older", "newer"])
def test_an_erasure_of_either_leaves_nothing_that_leads_to_the_other(
    office: Office, erased: str
) -> None:
    older, newer = twice(office)
    gone, stays = (older, newer) if erased == "older" else (newer, older)
    path = f"/v1/referrals/{stays}/duplicates/{gone}/settle"
    said = {"state": "different"} | NOTE
    assert office.call(COORDINATOR, "POST", path, said, Idempotency_Key="kept").status_code == 200
    body = {"reason": "person_asked"}
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{gone}/erase", body)
    office.run_jobs()
    assert office.rows(PAIRS) == []
    assert (listed(office), doubles(office, stays)) == ([], [])
    assert office.rows("SELECT route FROM idempotency WHERE route LIKE '%settle%'") == []
    for own, other in ((older, newer), (newer, older)):
        audit = office.call(COORDINATOR, "GET", f"/v1/referrals/{own}/audit").text
        assert other not in audit
        assert other not in str(office.stream(own))
