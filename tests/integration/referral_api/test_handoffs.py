"""Warm handoffs: the officer records called, arrived and left; who holds the referral sees it."""

from datetime import timedelta
from typing import Any, Final

import pytest

from tests.integration.referral_api.office import (
    COLLEAGUE,
    COORDINATOR,
    FAR,
    NAMESAKE,
    NEAR,
    OFFICER,
    START,
    TRAINEE,
    Office,
)

NOTHING: Final = dict.fromkeys(("kind", "called_at", "arrived_at", "left_at", "recorded_at"))


def at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def record(office: Office, referral: str, **said: Any) -> Any:
    return office.ok(OFFICER, "POST", f"/v1/referrals/{referral}/handoff", said)


def told(office: Office, referral: str) -> list[dict[str, Any]]:
    """What every event of a handoff says beside the snapshot."""
    return [
        {name: value for name, value in data.items() if name != "snapshot" and value is not None}
        for kind, data in office.stream(referral)
        if kind == "handoff.referral.handed_over.v1"
    ]


def test_an_officer_records_a_handoff_as_it_goes_on_and_mends_it(office: Office) -> None:
    referral = office.submit()
    path = f"/v1/referrals/{referral}/handoff"
    assert office.ok(OFFICER, "GET", path) == NOTHING
    office.clock.advance(timedelta(minutes=40))
    record(office, referral, kind="in_person", called_at=at(0))
    record(office, referral, arrived_at=at(20))
    seen = record(office, referral, left_at=at(35), called_at=at(5))
    times = {"called_at": at(5), "arrived_at": at(20), "left_at": at(35)}
    assert seen == {"kind": "in_person", **times, "recorded_at": at(40)}
    assert office.ok(OFFICER, "GET", path) == office.ok(COORDINATOR, "GET", path) == seen
    assert told(office, referral)[-1] == {"handoff_kind": "in_person", **times}
    assert office.events(referral).count("referral.handed_over") == 3


def test_what_changes_nothing_is_told_to_nobody(office: Office) -> None:
    referral = office.submit()
    for _ in range(2):
        record(office, referral, kind="phone", called_at=at(0))
    assert len(told(office, referral)) == 1


def test_who_holds_the_referral_sees_how_the_person_came_and_nobody_else(office: Office) -> None:
    referral, (near, far) = office.offered("near-beds", "far-beds")
    record(office, referral, kind="phone", called_at=at(0))
    assert office.ok(NEAR, "GET", f"/v1/offers/{near}")["handoff"] is None
    office.step(NEAR, near, "accept")
    shown = office.ok(NEAR, "GET", f"/v1/offers/{near}")["handoff"]
    assert (shown["kind"], shown["called_at"]) == ("phone", at(0))
    (listed,) = office.ok(NEAR, "GET", "/v1/offers")["items"]
    assert listed["handoff"] == shown
    assert office.ok(FAR, "GET", f"/v1/offers/{far}")["handoff"] is None
    assert office.refused(NEAR, "GET", f"/v1/referrals/{referral}/handoff") == 403


@pytest.mark.parametrize("stranger", [COLLEAGUE, NAMESAKE, TRAINEE])
def test_a_handoff_is_the_officers_own(office: Office, stranger: Any) -> None:
    referral = office.submit()
    path = f"/v1/referrals/{referral}/handoff"
    assert office.refused(stranger, "GET", path) == 404
    assert office.refused(stranger, "POST", path, {"kind": "cold"}) == 404


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "_schema"),
        ({"kind": "warm"}, "kind"),
        ({"kind": None}, "kind"),
        ({"called_at": at(0)}, "kind"),
        ({"kind": "cold", "called_at": at(0)}, "called_at"),
        ({"kind": "phone", "arrived_at": at(0)}, "arrived_at"),
        ({"kind": "in_person", "left_at": at(0)}, "left_at"),
        ({"kind": "in_person", "called_at": at(1)}, "called_at"),
        ({"kind": "in_person", "called_at": "2027-03-01"}, "called_at"),
        ({"kind": "in_person", "called_at": at(-721)}, "called_at"),
        ({"kind": "phone", "receiver": "near"}, "receiver"),
    ],
)
def test_what_cannot_have_been_is_refused_and_names_the_field(
    front_door: Office, said: dict[str, Any], field: str
) -> None:
    referral = front_door.submit()
    answer = front_door.call(OFFICER, "POST", f"/v1/referrals/{referral}/handoff", said)
    assert answer.content_type == "application/problem+json"
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


def test_after_the_encounter_nothing_is_recorded_or_mended(office: Office) -> None:
    referral = office.submit()
    record(office, referral, kind="phone", called_at=at(0))
    office.clock.advance(timedelta(hours=12))
    path = f"/v1/referrals/{referral}/handoff"
    assert office.refused(OFFICER, "POST", path, {"kind": "cold", "called_at": None}) == 409
    assert office.ok(OFFICER, "GET", path)["kind"] == "phone"


@pytest.mark.parametrize("end", ["withdraw", "close", "enter-in-error"])
def test_however_a_referral_ended_an_officer_is_told_the_same(office: Office, end: str) -> None:
    referral = office.submit()
    bodies = {
        "withdraw": {"reason": "declined"},
        "close": {
            "outcome": "not_served",
            "reason": "declined",
            "side": "person",
        },
        "enter-in-error": {"note": "twice"},
    }
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/{end}", bodies[end])
    answer = office.call(OFFICER, "POST", f"/v1/referrals/{referral}/handoff", {"kind": "cold"})
    assert answer.status_code == 409
    assert answer.json["detail"] == "a handoff is recorded while the referral goes on; it is closed"


def test_of_a_protected_need_no_event_tells_how_or_when(office: Office) -> None:
    referral = office.submit(need="domestic_violence_shelter")
    record(office, referral, kind="in_person", called_at=at(0), arrived_at=at(0))
    assert told(office, referral) == [{}]


def test_a_correction_to_a_protected_need_takes_back_what_figures_were_told(
    office: Office,
) -> None:
    referral = office.submit()
    record(office, referral, kind="phone", called_at=at(0))
    change = {"need": "domestic_violence_shelter"}
    office.ok(OFFICER, "PATCH", f"/v1/referrals/{referral}", change, If_Match='"1"')
    assert told(office, referral) == [{"handoff_kind": "phone", "called_at": at(0)}, {}]


def test_an_erasure_takes_the_record_and_leaves_of_its_events_the_times(office: Office) -> None:
    referral = office.submit()
    said = {"kind": "in_person", "called_at": at(0), "arrived_at": at(0)}
    office.ok(OFFICER, "POST", f"/v1/referrals/{referral}/handoff", said, Idempotency_Key="kept")
    gone = {"reason": "person_asked"}
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/erase", gone)
    assert office.rows("SELECT count(*) FROM handoffs") == [(0,)]
    assert office.rows("SELECT route FROM idempotency WHERE route LIKE '%handoff%'") == []
    assert told(office, referral) == [{"called_at": at(0), "arrived_at": at(0)}]
    assert office.ok(OFFICER, "GET", f"/v1/referrals/{referral}/handoff") == NOTHING
