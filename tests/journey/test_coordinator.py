"""The coordinator's day: what nobody answers comes to them, and they end it by hand or by phone."""

from typing import Any

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.town import ADMIN, COORDINATOR, MANAGER, OFFICER, Town, partner

NEAR, FAR = partner("near"), partner("far")
COLLEAGUE = Actor(subject="coordinator-di", role=Role.COORDINATOR)
TOLD = {"told_by": "Mirabel at the night desk, by phone"}


def reasons(town: Town, referral: str) -> set[str]:
    """Why a referral stands in the worklist; empty where it does not."""
    items = town.get(COORDINATOR, "/v1/worklist")["items"]
    mine = [item for item in items if item["referral"]["referral_id"] == referral]
    return {reason["why"] for item in mine for reason in item["why"]}


def told(town: Town) -> set[tuple[str, str]]:
    """Who was told what by letter so far."""
    notices = town.get(COORDINATOR, "/v1/notices?limit=200")["items"]
    return {(n["recipient"], n["template"]) for n in notices if n["state"] == "sent"}


def staffed(town: Town) -> None:
    """Somebody reads the mail of each agency, and the coordinator's."""
    for agency in (NEAR, FAR):
        address = {"contacts": [{"email": f"desk@{agency.agency_id}.example.org"}]}
        town.put(agency, f"/v1/agencies/{agency.agency_id}/contacts", address)
    address = {"contacts": [{"email": "coordinator@example.org"}]}
    town.put(ADMIN, "/v1/contacts/coordinator", address)


def audited(town: Town, referral: str) -> dict[str, Any]:
    """What coordinators did to a referral, by action; the chains must hold."""
    audit = town.get(COORDINATOR, f"/v1/referrals/{referral}/audit")
    assert audit["verified"]
    return {e["action"]: e["detail"] for e in audit["items"] if e["role"] == "coordinator"}


def capacity(town: Town, program_id: str) -> Any:
    """A program's stated places, and how many are taken and free."""
    return town.get(COORDINATOR, f"/v1/programs/{program_id}/capacity")


def unanswered(town: OpenTown) -> tuple[Town, str]:
    """A town in which nobody answered a crisis in time, and the other program is full."""
    here = town(program("near/beds"), program("far/beds", latitude=41.90, available=0))
    staffed(here)
    referral = here.submit(OFFICER, urgency="crisis")
    assert here.get(OFFICER, f"/v1/referrals/{referral}")["needs_attention"] is False
    here.pass_time(hours=1)
    return here, referral


def insisted(town: Town, referral: str) -> Any:
    """The coordinator puts it to the full program all the same; its offer."""
    town.post(COORDINATOR, f"/v1/worklist/{referral}/take")
    beyond = {"program_id": "far-beds", "note": "they put up a cot", "insist": True}
    town.post(COORDINATOR, f"/v1/referrals/{referral}/place", beyond)
    town.settle()
    (offer,) = town.offers(FAR, "open")
    return offer


def test_a_crisis_that_nobody_answers_alerts_the_coordinator_and_shows_to_its_officer(
    town: OpenTown,
) -> None:
    here, referral = unanswered(town)
    assert ("coordinator", "crisis_lapsed") in told(here)
    assert here.get(OFFICER, f"/v1/referrals/{referral}")["needs_attention"] is True
    assert reasons(here, referral) == {"crisis_lapsed", "waitlisted"}
    here.step(COORDINATOR, insisted(here, referral), "accept", TOLD)
    assert reasons(here, referral) == set()
    seen = here.get(OFFICER, f"/v1/referrals/{referral}")
    assert (seen["status"], seen["needs_attention"]) == ("with_a_program", False)


def test_a_place_beyond_capacity_is_marked_and_counted_and_takes_no_stated_place(
    town: OpenTown,
) -> None:
    here, referral = unanswered(town)
    before = capacity(here, "far-beds")
    offer = insisted(here, referral)
    assert offer["over_capacity"] is True
    assert capacity(here, "far-beds") == before
    here.step(FAR, offer, "accept")
    assert capacity(here, "far-beds") == before
    counts = here.get(MANAGER, "/v1/outcomes/summary")["total"]["counts"]
    assert (counts["offers_made"], counts["offers_over_capacity"]) == (2, 1)
    assert audited(here, referral)["referral.insist"] == {"program": "far-beds", "agency": "far"}


def test_an_answer_by_phone_is_the_agencys_and_the_person_stays_theirs(town: OpenTown) -> None:
    here, referral = unanswered(town)
    offer = insisted(here, referral)
    here.step(COORDINATOR, offer, "acknowledge", TOLD)
    here.step(COORDINATOR, offer, "accept", TOLD)
    assert ("far", "answer_recorded") in told(here)
    person = f"/v1/offers/{offer['offer_id']}/person"
    assert here.call(COORDINATOR, "GET", person).status_code == 403
    assert here.get(FAR, person)["name"] == "Robin Marlowe"
    assert audited(here, referral)["offer.accept"]["on_behalf_of"] == "far"


def test_a_queue_changes_hands_and_every_item_ends_with_a_reason(town: OpenTown) -> None:
    here = town(program("near/beds"))
    kept, given_back = here.submit(OFFICER, need="counselling"), here.submit(OFFICER)
    (offer,) = here.offers(NEAR, "open")
    here.step(NEAR, offer, "accept")
    here.pass_time(hours=72)
    assert reasons(here, given_back) == {"stalled"}
    here.step(NEAR, offer, "not-served", {"reason": "barred", "side": "provider"})
    assert reasons(here, given_back) == {"returned", "unplaced"}
    for referral in (kept, given_back):
        here.post(COORDINATOR, f"/v1/worklist/{referral}/take")
    over = {"to": COLLEAGUE.subject, "note": "on leave from Monday"}
    moved = here.post(COORDINATOR, "/v1/worklist/hand-over", over)
    assert moved == {"moved": 2, "left": 0}
    items = here.get(COLLEAGUE, "/v1/worklist?assigned=mine")["items"]
    assert [item["referral"]["referral_id"] for item in items] == [kept, given_back]
    end = {"outcome": "not_served", "reason": "no_capacity", "side": "provider"}
    for item in items:
        assert "close" in item["can"]
        here.post(COLLEAGUE, f"/v1/referrals/{item['referral']['referral_id']}/close", end)
    assert here.get(COLLEAGUE, "/v1/worklist/counts")["total"] == 0
    here.settle()
