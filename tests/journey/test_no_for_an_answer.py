"""Declines, silence, withdrawals, corrections: each moves the referral on, none loses it."""

from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.town import (
    ADMIN,
    COORDINATOR,
    MANAGER,
    OFFICER,
    TRAINEE,
    partner,
)

NEAR, FAR = partner("near"), partner("far")
PAIR = (program("near/beds"), program("far/beds", latitude=41.90))


def test_a_decline_routes_to_the_next_program_and_never_back(town: OpenTown) -> None:
    here = town(*PAIR)
    referral = here.submit(OFFICER)
    (first,) = here.offers(NEAR, "open")
    here.step(NEAR, first, "decline", {"reason": "no_capacity", "side": "provider"})
    (second,) = here.offers(FAR, "open")
    here.step(FAR, second, "decline", {"reason": "not_eligible", "side": "provider"})
    assert here.offers(NEAR, "open") == []
    seen = here.referral(referral)
    assert seen["state"] == "unplaced"
    assert sorted(seen["excluded"]) == ["far-beds", "near-beds"]
    assert seen["owner"] == "coordinator"


def test_silence_lapses_and_the_next_program_is_asked(town: OpenTown) -> None:
    here = town(*PAIR)
    referral = here.submit(OFFICER)
    (silent,) = here.offers(NEAR, "open")
    here.pass_time(hours=24)
    assert here.offers(NEAR, "lapsed")
    late = here.call(NEAR, "POST", f"/v1/offers/{silent['offer_id']}/accept", {})
    assert late.status_code == 409
    (second,) = here.offers(FAR, "open")
    here.step(FAR, second, "accept")
    assert here.referral(referral)["state"] == "accepted"


def test_a_person_who_says_no_ends_the_referral(town: OpenTown) -> None:
    here = town(*PAIR)
    referral = here.submit(OFFICER)
    (offer,) = here.offers(NEAR, "open")
    here.step(NEAR, offer, "decline", {"reason": "declined", "side": "person"})
    seen = here.referral(referral)
    assert (seen["state"], seen["reason"], seen["side"]) == (
        "closed",
        "declined",
        "person",
    )
    assert here.offers(FAR) == []


def test_a_withdrawal_takes_the_offer_back(town: OpenTown) -> None:
    here = town(*PAIR)
    referral = here.submit(OFFICER)
    (offer,) = here.offers(NEAR, "open")
    here.post(OFFICER, f"/v1/referrals/{referral}/withdraw", {"reason": "declined"})
    here.settle()
    assert here.call(NEAR, "POST", f"/v1/offers/{offer['offer_id']}/accept", {}).status_code == 409
    assert here.offers(NEAR, "rescinded")
    assert here.get(OFFICER, f"/v1/referrals/{referral}")["status"] == "closed"
    free = here.get(COORDINATOR, "/v1/programs/near-beds/capacity")["free"]
    assert free == 5


def test_a_correction_asks_again_with_the_new_facts(town: OpenTown) -> None:
    here = town(program("near/beds"), program("talk/rooms", need="counselling"))
    referral = here.submit(OFFICER)
    version = here.referral(referral)["version"]
    stale = here.call(OFFICER, "PATCH", f"/v1/referrals/{referral}", {"need": "counselling"})
    assert stale.status_code == 428
    changed = here.call(
        OFFICER,
        "PATCH",
        f"/v1/referrals/{referral}",
        {"need": "counselling"},
        If_Match=f'"{version}"',
    )
    assert changed.status_code == 200
    here.settle()
    assert here.offers(NEAR, "rescinded")
    (offer,) = here.offers(partner("talk"), "open")
    assert offer["need"] == "counselling"


def test_what_a_program_cannot_serve_is_routed_again(town: OpenTown) -> None:
    here = town(*PAIR)
    referral = here.submit(OFFICER)
    (offer,) = here.offers(NEAR, "open")
    here.step(NEAR, offer, "accept")
    here.step(NEAR, offer, "not-served", {"reason": "needs_higher_care", "side": "provider"})
    (second,) = here.offers(FAR, "open")
    here.step(FAR, second, "accept")
    here.step(FAR, second, "not-served", {"reason": "disengaged", "side": "person"})
    seen = here.referral(referral)
    assert (seen["state"], seen["outcome"], seen["side"]) == (
        "closed",
        "not_served",
        "person",
    )


def test_a_full_town_waitlists_and_a_new_statement_places(town: OpenTown) -> None:
    here = town(program("near/beds", available=0))
    referral = here.submit(OFFICER)
    assert here.referral(referral)["state"] == "waitlisted"
    here.state_places(NEAR, "near-beds", 1)
    here.settle()
    (offer,) = here.offers(NEAR, "open")
    assert offer["referral_id"] == referral


def test_an_agency_may_state_fewer_places_than_it_was_asked_for_and_still_accept(
    town: OpenTown,
) -> None:
    here = town(program("near/beds", available=1))
    first = here.submit(OFFICER)
    here.state_places(NEAR, "near-beds", 0)
    second = here.submit(OFFICER)
    assert here.referral(second)["state"] == "waitlisted"
    here.step(NEAR, here.offers(NEAR, "open")[0], "accept")
    assert here.referral(first)["state"] == "accepted"
    assert here.violations() == []


def test_the_last_place_is_offered_to_one_referral_only(town: OpenTown) -> None:
    here = town(program("near/beds", available=1))
    first, second = here.submit(OFFICER), here.submit(OFFICER)
    states = sorted(here.referral(r)["state"] for r in (first, second))
    assert states == ["offered", "waitlisted"]
    (offer,) = here.offers(NEAR, "open")
    here.step(NEAR, offer, "decline", {"reason": "not_eligible", "side": "provider"})
    (freed,) = here.offers(NEAR, "open")
    assert freed["referral_id"] != offer["referral_id"]


def test_nothing_fits_and_the_coordinator_places_by_hand_or_closes(
    town: OpenTown,
) -> None:
    here = town(program("near/beds", minimum_age=18, maximum_age=30))
    placed, closed = here.submit(OFFICER), here.submit(OFFICER)
    assert here.referral(placed)["state"] == here.referral(closed)["state"] == "unplaced"
    body = {"program_id": "near-beds", "note": "agreed by phone with the desk"}
    here.post(COORDINATOR, f"/v1/referrals/{placed}/place", body)
    here.settle()
    assert [o["referral_id"] for o in here.offers(NEAR, "open")] == [placed]
    here.post(
        COORDINATOR,
        f"/v1/referrals/{closed}/close",
        {"outcome": "not_served", "reason": "no_capacity", "side": "provider"},
    )
    assert here.referral(closed)["state"] == "closed"


def test_the_coordinator_reads_why_an_agency_declined_and_the_read_is_audited(
    town: OpenTown,
) -> None:
    here = town(*PAIR)
    referral = here.submit(OFFICER)
    (offer,) = here.offers(NEAR, "open")
    no = {"reason": "barred", "side": "provider", "note": "asked to leave in spring"}
    here.step(NEAR, offer, "decline", no)
    notes = here.get(COORDINATOR, f"/v1/referrals/{referral}/notes")["items"]
    assert notes == [{"about": offer["offer_id"], "text": "asked to leave in spring"}]
    audit = here.get(COORDINATOR, f"/v1/referrals/{referral}/audit")["items"]
    assert audit[-1]["action"] == "notes.read"


def test_training_reaches_training_programs_and_no_figure(town: OpenTown) -> None:
    here = town(program("near/beds"), program("school/beds", training=True))
    here.submit(TRAINEE)
    assert here.offers(NEAR) == []
    (offer,) = here.offers(partner("school"), "open")
    assert offer["training"] is True
    here.submit(OFFICER)
    funnel = {s["stage"]: s["count"] for s in here.get(MANAGER, "/v1/outcomes/funnel")["stages"]}
    assert funnel["submitted"] == 1


def test_a_protected_need_shows_need_and_urgency_only(town: OpenTown) -> None:
    here = town(program("refuge/rooms", need="domestic_violence_shelter"))
    referral = here.submit(OFFICER, need="domestic_violence_shelter", urgency="crisis")
    (offer,) = here.offers(partner("refuge"), "open")
    assert offer["need"] == "domestic_violence_shelter"
    told = {offer.get(name) for name in ("age_band", "language", "household_size")}
    assert told <= {None, "unknown"}
    history = here.get(COORDINATOR, f"/v1/referrals/{referral}/history")["items"]
    facts = history[0]["data"]["snapshot"]["facts"]
    assert [facts[name] for name in ("age", "language", "cell", "entry_door")] == [None] * 4


def test_the_figures_are_rebuilt_identical_from_history(town: OpenTown) -> None:
    here = town(*PAIR)
    for need in ("emergency_shelter", "emergency_shelter"):
        here.submit(OFFICER, need=need)
    (offer, _) = here.offers(NEAR, "open")
    here.step(NEAR, offer, "accept")
    here.pass_time(hours=30)
    pages = (
        "/v1/outcomes/funnel",
        "/v1/outcomes/summary?by=sector",
        "/v1/outcomes/summary?by=agency",
    )
    before = [here.get(MANAGER, page) for page in pages]
    here.post(ADMIN, "/v1/outcomes/rebuild")
    here.post(ADMIN, "/v1/history/republish")
    here.settle()
    assert [here.get(MANAGER, page) for page in pages] == before
