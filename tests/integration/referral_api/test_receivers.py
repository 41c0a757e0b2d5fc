"""Receivers: an officer in a crisis learns whom to call and where to go, and for how long."""

from typing import Any, Final

import h3
import pytest

from contracts.events.directory import HandoffPlace
from contracts.vocabulary import Need
from services.referral_api.domain.facts import CELL_RESOLUTION
from services.referral_api.domain.places import nearest_address
from tests.integration.referral_api.office import (
    COLLEAGUE,
    COORDINATOR,
    NEAR,
    OFFICER,
    START,
    Office,
)

SHELTER: Final = {
    "program_id": "near-beds",
    "name": "Near-Beds",
    "phone": "+1 555 0101",
    "address": "1 Quay, Rivermouth",
}


def told(office: Office, **fields: Any) -> None:
    """The directory tells where near-beds is."""
    places = (
        HandoffPlace("9 Far Road, Elsewhere", cell_at(42.8)),
        HandoffPlace(SHELTER["address"], cell_at(41.9)),
        HandoffPlace(None, cell_at(41.8)),
        HandoffPlace("somewhere", None),
    )
    said = {"handoff_phone": SHELTER["phone"], "handoff_places": places}
    office.publish_program("near-beds", version=2, **said, **fields)


def cell_at(latitude: float) -> str:
    """Where the person was met is about 41.8."""
    return str(h3.latlng_to_cell(latitude, -90.2, CELL_RESOLUTION))


def receiver(office: Office, referral: str) -> Any:
    return office.ok(OFFICER, "GET", f"/v1/referrals/{referral}")["receiver"]


def record(office: Office, referral: str, **said: Any) -> None:
    office.ok(OFFICER, "POST", f"/v1/referrals/{referral}/handoff", said)


def test_the_officer_sees_the_receiver_from_the_offer_until_leaving(office: Office) -> None:
    told(office)
    referral = office.submit(urgency="crisis")
    assert receiver(office, referral) is None
    office.route(referral, "near-beds", version=2)
    assert receiver(office, referral) == SHELTER
    (offer,) = office.seen(referral)["offers"]
    office.step(NEAR, offer["offer_id"], "accept")
    now = office.clock.now().isoformat()
    record(office, referral, kind="in_person", called_at=START.isoformat())
    record(office, referral, arrived_at=now)
    shown = office.ok(OFFICER, "GET", f"/v1/referrals/{referral}")
    assert (shown["status"], shown["receiver"]) == ("with_a_program", SHELTER)
    record(office, referral, left_at=now)
    after = office.ok(OFFICER, "GET", f"/v1/referrals/{referral}")
    assert (after["status"], after["receiver"]) == ("with_a_program", None)


def test_of_several_places_the_nearest_is_told_and_without_a_cell_the_first() -> None:
    far, near = ({"address": str(at), "cell": cell_at(at)} for at in (43.0, 42.0))
    silent, unmapped = {"address": None, "cell": cell_at(41.8)}, {"address": "x", "cell": None}
    assert nearest_address([unmapped, far, near, silent], cell_at(41.8)) == "42.0"
    assert nearest_address([unmapped, far, near], None) == "x"
    assert nearest_address([unmapped], cell_at(41.8)) == "x"
    assert nearest_address([silent], cell_at(41.8)) is None


def test_whoever_declines_is_no_receiver_and_the_next_one_is(office: Office) -> None:
    told(office)
    referral, (offer,) = office.offered("near-beds", urgency="crisis")
    office.step(NEAR, offer, "decline", {"reason": "no_capacity", "side": "provider"})
    assert receiver(office, referral) is None
    office.route(referral, "far-beds")
    unsaid = {"name": "Far-Beds", "phone": None, "address": None}
    assert receiver(office, referral) == {"program_id": "far-beds"} | unsaid


def test_after_the_encounter_nobody_is_told_where(office: Office) -> None:
    told(office)
    referral, (offer,) = office.offered("near-beds", urgency="crisis")
    office.step(NEAR, offer, "accept")
    office.pass_time(hours=11, minutes=59)
    assert receiver(office, referral) == SHELTER
    office.pass_time(minutes=1)
    assert receiver(office, referral) is None


@pytest.mark.parametrize("urgency", ["urgent", "routine"])
def test_of_what_is_no_crisis_an_officer_learns_a_coarse_status(
    office: Office, urgency: str
) -> None:
    told(office)
    referral, _ = office.offered("near-beds", urgency=urgency)
    assert receiver(office, referral) is None


def test_where_people_hide_from_violence_there_is_a_telephone_and_no_address(
    office: Office,
) -> None:
    told(office, needs=(Need.DOMESTIC_VIOLENCE_SHELTER,))
    referral = office.submit(urgency="crisis", need="domestic_violence_shelter")
    office.route(referral, "near-beds", version=2)
    assert receiver(office, referral) == SHELTER | {"address": None}


def test_the_receiver_is_told_to_the_officer_who_submitted_and_in_no_list(office: Office) -> None:
    told(office)
    referral, _ = office.offered("near-beds", urgency="crisis")
    path = f"/v1/referrals/{referral}"
    assert office.refused(COLLEAGUE, "GET", path) == 404
    assert office.ok(COORDINATOR, "GET", path)["receiver"] == SHELTER
    (item,) = office.ok(OFFICER, "GET", "/v1/referrals")["items"]
    assert "receiver" not in item
