"""A silent agency is paused, its offers go elsewhere, and a freed place goes to who is first."""

from typing import Any

from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.town import ADMIN, COORDINATOR, OFFICER, Town, partner

NEAR, FAR = partner("near"), partner("far")
AGENCY = "/v1/directory/agencies/near"


def state_places(here: Town, available: int) -> None:
    """The far agency states its places anew."""
    here.state_places(FAR, "far-beds", available)
    here.settle()


def positions(here: Town, referral: str) -> dict[str, int]:
    """Where a referral stands in the queue of each program that would take it."""
    shown = here.get(COORDINATOR, f"/v1/queue/{referral}")["positions"]
    return {one["program_id"]: one["position"] for one in shown}


def offered_to(here: Town, agency: Any) -> list[str]:
    """The referrals that are on offer to an agency."""
    return [offer["referral_id"] for offer in here.offers(agency, "open")]


def three_lapses(here: Town) -> tuple[list[str], str]:
    """Three referrals that the near agency lets lapse, and a later one that is open with it."""
    contacts = {"contacts": [{"email": "desk@near.example.org"}]}
    here.put(ADMIN, "/v1/agencies/near/contacts", contacts)
    lapsed = [here.submit(OFFICER) for _ in range(3)]
    here.pass_time(hours=2)
    later = here.submit(OFFICER, urgency="routine")
    assert offered_to(here, NEAR) == [*lapsed, later]
    here.pass_time(hours=2)
    return lapsed, later


def is_paused_and_told(here: Town) -> None:
    """What everybody sees of an agency that fell silent."""
    shown = here.get(COORDINATOR, "/v1/programs/near-beds")
    assert (shown["paused_because"], shown["lapses_in_a_row"]) == ("silence", 3)
    assert offered_to(here, NEAR) == []
    assert [o["rescinded_for"] for o in here.offers(NEAR, "rescinded")] == ["program_paused"]
    letters = [path.read_text() for path in here.column.mail.glob("*.eml")]
    (letter,) = (text for text in letters if "Paused:" in text)
    assert f"{AGENCY}/resume" in letter


def test_a_silent_agency_is_paused_and_a_freed_place_goes_in_the_stated_order(
    town: OpenTown,
) -> None:
    here = town(program("near/beds", available=6), program("far/beds", latitude=41.9, available=1))
    lapsed, later = three_lapses(here)
    is_paused_and_told(here)
    (placed,) = offered_to(here, FAR)
    # Submitted in one moment, through several processes: the order is that of their numbers.
    first, second = sorted(one for one in lapsed if one != placed)
    crisis = here.submit(OFFICER, urgency="crisis")
    order = [positions(here, one) for one in (crisis, first, second, later)]
    assert order == [{"far-beds": place} for place in (1, 2, 3, 4)]
    assert here.get(FAR, "/v1/queue")["items"][0]["waiting"] == 4

    # A place frees by a decline, then one by a statement.
    (offer,) = here.offers(FAR, "open")
    here.step(FAR, offer, "decline", {"reason": "not_eligible", "side": "provider"})
    assert offered_to(here, FAR) == [crisis]
    state_places(here, 2)
    assert offered_to(here, FAR) == [crisis, first]
    assert positions(here, later) == {"far-beds": 2}

    # The agency is back: whoever it did not let lapse is offered to it again.
    here.post(NEAR, f"{AGENCY}/resume")
    here.settle()
    assert offered_to(here, NEAR) == [later]


def test_a_closed_agency_gives_its_people_to_the_coordinator(town: OpenTown) -> None:
    here = town(program("near/beds"), program("far/beds", latitude=41.9))
    held, asked = here.submit(OFFICER), here.submit(OFFICER, person={"name": "Ada Byrne"})
    accepted = next(o for o in here.offers(NEAR, "open") if o["referral_id"] == held)
    here.step(NEAR, accepted, "accept")
    here.post(ADMIN, f"{AGENCY}/close")
    here.settle()
    assert offered_to(here, FAR) == [asked]
    items = here.get(COORDINATOR, "/v1/worklist")["items"]
    found = [(i["referral"]["referral_id"], [r["why"] for r in i["why"]]) for i in items]
    assert found == [(held, ["agency_closed"])]
    assert here.referral(held)["state"] == "accepted"
