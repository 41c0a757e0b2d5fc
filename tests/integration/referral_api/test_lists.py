"""Lists and single reads: whose they are, in which order, and page after page."""

from typing import Any

import pytest

from tests.integration.referral_api.office import (
    COLLEAGUE,
    COORDINATOR,
    FAR,
    NAMESAKE,
    NEAR,
    OFFICER,
    Office,
)


def items(office: Office, who: Any, path: str) -> list[Any]:
    """Every item of a list, read page by page."""
    found: list[Any] = []
    mark = "&" if "?" in path else "?"
    cursor: str | None = ""
    while cursor is not None:
        after = f"&after={cursor}" if cursor else ""
        page = office.ok(who, "GET", f"{path}{mark}limit=2{after}")
        assert len(page["items"]) <= 2
        found += page["items"]
        cursor = page["next"]
    return found


def test_an_officer_lists_what_they_submitted_and_nothing_else(office: Office) -> None:
    mine = [office.submit() for _ in range(3)]
    for other in (COLLEAGUE, NAMESAKE):
        office.submit(other)
    listed = items(office, OFFICER, "/v1/referrals")
    assert sorted(one["referral_id"] for one in listed) == sorted(mine)
    receipt = {"referral_id", "reference", "status", "submitted_at", "needs_attention", "questions"}
    assert set(listed[0]) == receipt


@pytest.mark.parametrize("other", [COLLEAGUE, NAMESAKE])
def test_another_officers_referral_is_not_found_by_any_route(office: Office, other: Any) -> None:
    path = f"/v1/referrals/{office.submit()}"
    assert office.refused(other, "GET", path) == 404
    assert office.refused(other, "POST", f"{path}/withdraw", {"reason": "declined"}) == 404
    stale = office.call(other, "PATCH", path, {"urgency": "crisis"}, If_Match='"1"')
    assert stale.status_code == 404
    assert items(office, other, "/v1/referrals") == []


def test_a_coordinator_lists_all_by_state_and_unit(office: Office) -> None:
    routing, (offered, _) = office.submit(), office.offered()
    assert len(items(office, COORDINATOR, "/v1/referrals")) == 2
    (one,) = items(office, COORDINATOR, "/v1/referrals?state=offered&unit_id=central")
    assert one["referral_id"] == offered
    assert [offer["program_id"] for offer in one["offers"]] == ["near-beds"]
    (other,) = items(office, COORDINATOR, "/v1/referrals?state=routing")
    assert other["referral_id"] == routing
    assert items(office, COORDINATOR, "/v1/referrals?unit_id=academy") == []


@pytest.mark.parametrize("query", ["state=offered", "unit_id=central"])
def test_an_officer_may_not_filter_by_what_they_must_not_learn(
    front_door: Office, query: str
) -> None:
    answer = front_door.call(OFFICER, "GET", f"/v1/referrals?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json["errors"]


@pytest.mark.parametrize("query", ["state=lost", "limit=0", "limit=999", "after=x", "colour=red"])
def test_a_wrong_query_is_refused_and_named(front_door: Office, query: str) -> None:
    for path in ("/v1/referrals", "/v1/offers"):
        answer = front_door.call(COORDINATOR, "GET", f"{path}?{query}")
        assert answer.status_code == 422
        assert query.partition("=")[0] in answer.json["errors"]


def test_offers_are_listed_by_deadline_and_each_agency_sees_its_own(office: Office) -> None:
    for urgency in ("routine", "crisis", "urgent"):
        office.offered("near-beds", "far-beds", urgency=urgency)
    mine = items(office, NEAR, "/v1/offers")
    assert [one["urgency"] for one in mine] == ["crisis", "urgent", "routine"]
    assert {one["agency_id"] for one in mine} == {"near"}
    assert len(items(office, COORDINATOR, "/v1/offers")) == 6


def test_offers_are_filtered_by_state_and_liveness(office: Office) -> None:
    _, (first,) = office.offered()
    office.offered()
    office.step(NEAR, first, "accept")
    assert len(items(office, NEAR, "/v1/offers?live=true")) == 1
    (ended,) = items(office, NEAR, "/v1/offers?live=false")
    assert ended["offer_id"] == first
    assert len(items(office, NEAR, "/v1/offers?state=accepted")) == 1
    assert items(office, NEAR, "/v1/offers?state=open&live=false") == []


def test_another_agencys_offer_is_not_found_by_any_route(office: Office) -> None:
    _, (offer,) = office.offered("near-beds")
    path = f"/v1/offers/{offer}"
    no = {"reason": "no_capacity", "side": "provider"}
    assert office.refused(FAR, "GET", path) == 404
    assert office.refused(FAR, "GET", f"{path}/person") == 404
    for step in ("acknowledge", "accept", "engage"):
        assert office.refused(FAR, "POST", f"{path}/{step}", {}) == 404
    assert office.refused(FAR, "POST", f"{path}/decline", no) == 404
    assert office.refused(FAR, "POST", f"{path}/not-served", no) == 404
    assert office.refused(FAR, "POST", f"{path}/complete", {"outcome": "housed"}) == 404
    contact = {"mode": "call", "reached": True}
    assert office.refused(FAR, "POST", f"{path}/contacts", contact) == 404


def test_an_offer_shows_coarse_facts_and_its_deadline(office: Office) -> None:
    _, (offer,) = office.offered()
    seen = office.ok(NEAR, "GET", f"/v1/offers/{offer}")
    assert (seen["age_band"], seen["language"], seen["household_size"]) == ("25_to_44", "es", 2)
    assert seen["accommodations"] == ["pets"]
    assert seen["deadline_at"] == "2027-03-01T19:00:00+00:00"
    assert "age" not in seen


def test_an_unknown_id_is_not_found(front_door: Office) -> None:
    office = front_door
    nobody = "01a4019b-0180-762a-8e4e-bbc14f13af50"
    assert office.refused(COORDINATOR, "GET", f"/v1/referrals/{nobody}") == 404
    assert office.refused(COORDINATOR, "GET", f"/v1/referrals/{nobody}/history") == 404
    assert office.refused(COORDINATOR, "GET", f"/v1/referrals/{nobody}/audit") == 404
    assert office.refused(COORDINATOR, "POST", f"/v1/referrals/{nobody}/reroute", {}) == 404
    assert office.refused(NEAR, "GET", f"/v1/offers/{nobody}") == 404
    assert office.refused(NEAR, "POST", f"/v1/offers/{nobody}/accept", {}) == 404
    assert office.refused(NEAR, "GET", "/v1/offers/not-an-id") == 404


NO = {"reason": "no_capacity", "side": "provider"}
ENDINGS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "declined": [("decline", NO)],
    "not_served": [("accept", {}), ("not-served", NO)],
    "completed": [("accept", {}), ("complete", {"outcome": "housed"})],
    "lapsed": [],
    "rescinded": [],
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_offer_that_ended_shows_nothing_of_the_person(office: Office, ending: str) -> None:
    referral, (offer,) = office.offered()
    for step, body in ENDINGS[ending]:
        office.step(NEAR, offer, step, body)
    if ending == "lapsed":
        office.pass_time(hours=5)
    if ending == "rescinded":
        office.ok(OFFICER, "POST", f"/v1/referrals/{referral}/withdraw", {"reason": "declined"})
    (listed,) = items(office, NEAR, "/v1/offers")
    for seen in (listed, office.ok(NEAR, "GET", f"/v1/offers/{offer}")):
        assert seen["state"] == ending
        assert (seen["age_band"], seen["language"]) == ("unknown", None)
        assert (seen["household_size"], seen["accommodations"]) == (None, [])
        assert (seen["need"], seen["sector"]) == ("emergency_shelter", "housing")


def test_an_agency_whose_offer_ended_learns_of_no_later_correction(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "decline", NO)
    path = f"/v1/referrals/{referral}"
    body = {"need": "domestic_violence_shelter", "urgency": "crisis"}
    office.ok(OFFICER, "PATCH", path, body, If_Match='"1"')
    seen = office.ok(NEAR, "GET", f"/v1/offers/{offer}")
    assert (seen["need"], seen["urgency"]) == ("emergency_shelter", "urgent")


def test_an_offer_that_is_held_goes_on_showing_its_facts(office: Office) -> None:
    _, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    assert office.ok(NEAR, "GET", f"/v1/offers/{offer}")["age_band"] == "25_to_44"
