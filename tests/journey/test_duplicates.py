"""A person met twice, from end to end: recognised, settled by a coordinator, counted once."""

from typing import Any, Final

from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.town import (
    COORDINATOR,
    MANAGER,
    OFFICER,
    OTHER_OFFICER,
    Town,
    partner,
)

SHELTER: Final = partner("harbour")
ABOUT: Final = {"name": "Marlowe, Robyn", "phone": "+1 555 867 5309"}
OWN: Final = {"referral_id", "reference", "submitted_at"}


def counts(town: Town) -> dict[str, int]:
    """What was submitted, and what found no room."""
    found = town.get(MANAGER, "/v1/outcomes/summary")["total"]["counts"]
    return {name: found[name] for name in ("submitted", "no_capacity", "open")}


def listed(town: Town) -> list[Any]:
    return list(town.get(COORDINATOR, "/v1/worklist?why=duplicate")["items"])


def recognised(town: Town, older: str, newer: str) -> None:
    """The coordinator sees the pair, and by what it was found."""
    (item,) = listed(town)
    assert item["referral"]["referral_id"] == newer
    (double,) = town.get(COORDINATOR, f"/v1/referrals/{newer}/duplicates")["items"]
    assert (double["referral_id"], double["why"]) == (older, ["similar_name"])


def officers_view(town: Town, referral: str) -> dict[str, Any]:
    """What the officer reads, without what is each referral's own."""
    seen = town.get(OTHER_OFFICER, f"/v1/referrals/{referral}")
    return {name: value for name, value in seen.items() if name not in OWN}


def test_a_person_met_twice_is_recognised_and_counted_once(town: OpenTown) -> None:
    here = town(program("harbour/beds", available=1))
    older = here.submit(OFFICER)
    (offer,) = here.offers(SHELTER, "open")
    here.step(SHELTER, offer, "accept")
    here.pass_time(minutes=90)
    newer = here.submit(OTHER_OFFICER, person=ABOUT)
    stranger = here.submit(OTHER_OFFICER, person={"name": "Ilse Hartog"})
    recognised(here, older, newer)
    told = here.get(SHELTER, f"/v1/offers/{offer['offer_id']}")["duplicates"]
    assert [one["referral_id"] for one in told] == [newer]
    assert officers_view(here, newer) == officers_view(here, stranger)
    assert counts(here) == {"submitted": 3, "no_capacity": 2, "open": 3}
    verdict = {"state": "same", "note": "the shelter knows her"}
    here.post(COORDINATOR, f"/v1/referrals/{newer}/duplicates/{older}/settle", verdict)
    here.settle()
    assert listed(here) == []
    assert counts(here) == {"submitted": 2, "no_capacity": 1, "open": 2}
    assert here.referral(older)["state"] == "accepted"
