"""The worklist over HTTP: what stands in it and why, in which order, and what each may do."""

from typing import Any

import pytest

from contracts.events.routing import Deferred, Unplaced, Waitlisted
from services.chassis.pages import LONGEST
from tests.integration.referral_api.office import COORDINATOR, FAR, NEAR, Office
from tests.integration.referral_api.queue import PATH, audited, listed, names, waiting, why

NO = {"reason": "no_capacity", "side": "provider"}


@pytest.mark.parametrize(("answer", "reason"), [(Unplaced, "unplaced"), (Waitlisted, "waitlisted")])
def test_what_no_program_takes_is_listed_until_one_is_asked(
    office: Office, answer: Any, reason: str
) -> None:
    referral = waiting(office, answer)
    assert why(office, referral) == {reason}
    office.route(referral, "near-beds")
    assert why(office, referral) == set()


def test_a_reminder_does_not_move_what_waits_longest_behind_what_came_later(
    office: Office,
) -> None:
    first = waiting(office)
    office.pass_time(hours=1, minutes=59)
    second = waiting(office)
    office.pass_time(minutes=30)
    assert names(office) == [first, second]


def test_a_crisis_that_lapses_is_listed_until_a_program_has_the_person(office: Office) -> None:
    calm, _ = office.offered("far-beds", person={"name": "Ada Byrne"})
    referral, _ = office.offered("near-beds", urgency="crisis")
    office.pass_time(hours=1)
    assert why(office, referral) == {"crisis_lapsed"}
    office.route(referral, "far-beds")
    assert why(office, referral) == {"crisis_lapsed"}
    (offer,) = [o for o in office.seen(referral)["offers"] if o["state"] == "open"]
    office.step(FAR, offer["offer_id"], "accept")
    assert why(office, referral) == why(office, calm) == set()


def test_a_crisis_corrected_to_be_none_is_no_crisis_that_lapsed(office: Office) -> None:
    referral, _ = office.offered("near-beds", urgency="crisis")
    office.pass_time(hours=1)
    tag = f'"{office.seen(referral)["version"]}"'
    path = f"/v1/referrals/{referral}"
    office.ok(COORDINATOR, "PATCH", path, {"urgency": "routine"}, If_Match=tag)
    assert why(office, referral) == set()


def test_routing_that_nobody_answers_stalls_until_it_is_answered(office: Office) -> None:
    referral = office.submit()
    office.pass_time(minutes=14)
    assert why(office, referral) == set()
    office.pass_time(minutes=1)
    assert why(office, referral) == {"stalled"}
    office.propose(Deferred, referral, until=office.clock.now())
    assert why(office, referral) == set()


def test_an_agency_that_accepted_and_does_nothing_stalls_until_it_reports(office: Office) -> None:
    referral, (offer,) = office.offered("near-beds")
    office.step(NEAR, offer, "accept")
    office.pass_time(hours=72)
    assert why(office, referral) == {"stalled"}
    (item,) = listed(office)
    assert item["can"] == ["close", "withdraw", "enter_in_error"]
    answers = ["contact", "decline", "engage", "complete", "not_served"]
    assert item["answers"] == [{"offer_id": offer, "agency_id": "near", "can": answers}]
    office.step(NEAR, offer, "contacts", {"mode": "call", "reached": True})
    assert why(office, referral) == set()
    office.pass_time(hours=71)
    assert why(office, referral) == set()
    office.pass_time(hours=1)
    assert why(office, referral) == {"stalled"}
    office.step(NEAR, offer, "engage")
    assert why(office, referral) == set()


def test_what_an_agency_gives_back_is_listed_with_whatever_follows(office: Office) -> None:
    referral, (offer,) = office.offered("near-beds")
    office.step(NEAR, offer, "accept")
    office.step(NEAR, offer, "decline", NO)
    assert why(office, referral) == {"returned"}
    office.propose(Unplaced, referral)
    assert why(office, referral) == {"returned", "unplaced"}
    (item,) = listed(office)
    assert item["due_at"] == min(reason["due_at"] for reason in item["why"])
    office.route(referral, "far-beds")
    assert why(office, referral) == {"returned"}


@pytest.mark.parametrize(
    ("step", "body"),
    [
        ("close", {"outcome": "not_served", "reason": "no_capacity", "side": "provider"}),
        ("withdraw", {"reason": "declined"}),
        ("enter-in-error", {"note": "typed twice"}),
    ],
)
def test_closing_with_a_reason_settles_an_item(
    office: Office, step: str, body: dict[str, Any]
) -> None:
    referral = waiting(office)
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/{step}", body)
    assert listed(office) == []
    entry = audited(office, referral)
    assert (entry["actor"], entry["role"]) == (COORDINATOR.subject, "coordinator")


@pytest.mark.parametrize("how", ["stalled", "crisis", "returned", "waitlisted"])
def test_every_kind_of_item_can_be_closed_for_the_person(office: Office, how: str) -> None:
    if how == "waitlisted":
        referral = waiting(office, Waitlisted)
    else:
        urgency = "crisis" if how == "crisis" else "urgent"
        referral, (offer,) = office.offered("near-beds", urgency=urgency)
        if how != "crisis":
            office.step(NEAR, offer, "accept")
        if how == "returned":
            office.step(NEAR, offer, "decline", NO)
        office.pass_time(hours=72 if how == "stalled" else 1)
    assert why(office, referral)
    end = {"outcome": "not_served", "reason": "self_resolved", "side": "person"}
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/close", end)
    assert why(office, referral) == set()


def test_the_oldest_deadline_stands_first_whatever_its_reason(office: Office) -> None:
    slow = waiting(office, urgency="routine")
    urgent = waiting(office)
    office.pass_time(minutes=5)
    crisis = waiting(office, urgency="crisis")
    assert names(office) == [crisis, urgent, slow]


def test_pages_neither_skip_nor_repeat_while_items_come_and_go(office: Office) -> None:
    kept = [waiting(office) for _ in range(6)]
    page = office.ok(COORDINATOR, "GET", f"{PATH}?limit=2")
    found = [item["referral"]["referral_id"] for item in page["items"]]
    gone, late = kept[2], waiting(office, urgency="crisis")
    office.route(gone, "near-beds")
    while page["next"]:
        page = office.ok(COORDINATOR, "GET", f"{PATH}?limit=2&after={page['next']}")
        found += [item["referral"]["referral_id"] for item in page["items"]]
    assert found == [one for one in kept if one != gone]
    assert late not in found


def test_the_list_is_filtered_by_reason_sector_and_owner_and_counted(office: Office) -> None:
    house = waiting(office)
    talk = waiting(office, need="counselling", preferred_programs=[])
    full = waiting(office, Waitlisted)
    office.ok(COORDINATOR, "POST", f"{PATH}/{house}/take", {})
    assert set(names(office, "?why=unplaced")) == {house, talk}
    assert names(office, "?why=waitlisted&sector=housing") == [full]
    assert names(office, "?sector=mental_health") == [talk]
    assert names(office, "?assigned=mine") == [house]
    assert set(names(office, "?assigned=nobody")) == {talk, full}
    counts = office.ok(COORDINATOR, "GET", f"{PATH}/counts")
    told = {one["why"]: one["count"] for one in counts["items"] if one["count"]}
    assert told == {"unplaced": 2, "waitlisted": 1}
    assert len(counts["items"]) == 9
    assert (counts["total"], counts["mine"], counts["nobody"]) == (3, 1, 2)


@pytest.mark.parametrize(
    "query", ["why=bored", "sector=police", "assigned=you", "after=x", f"limit={LONGEST + 1}"]
)
def test_a_wrong_filter_is_named(office: Office, query: str) -> None:
    answer = office.call(COORDINATOR, "GET", f"{PATH}?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.text
