"""What an officer sees of a crisis that nobody answered: that it needs attention, for a while."""

from tests.integration.referral_api.office import FAR, OFFICER, Office
from tests.integration.referral_api.queue import why


def test_an_officer_sees_that_a_crisis_needs_attention_and_nothing_else(office: Office) -> None:
    referral, _ = office.offered("near-beds", urgency="crisis")
    path = f"/v1/referrals/{referral}"
    before = office.ok(OFFICER, "GET", path)
    assert before["needs_attention"] is False
    office.pass_time(hours=1)
    after = office.ok(OFFICER, "GET", path)
    assert after == before | {"needs_attention": True, "receiver": None}
    (item,) = office.ok(OFFICER, "GET", "/v1/referrals")["items"]
    assert item | {"receiver": None} == after


def test_the_officer_no_longer_sees_it_once_a_program_has_the_person(office: Office) -> None:
    referral, _ = office.offered("near-beds", urgency="crisis")
    office.pass_time(hours=1)
    office.route(referral, "far-beds")
    (offer,) = [o for o in office.seen(referral)["offers"] if o["state"] == "open"]
    office.step(FAR, offer["offer_id"], "accept")
    assert office.ok(OFFICER, "GET", f"/v1/referrals/{referral}")["needs_attention"] is False


def test_the_officer_no_longer_sees_it_once_the_encounter_is_over(office: Office) -> None:
    referral, _ = office.offered("near-beds", urgency="crisis")
    office.pass_time(hours=11, minutes=59)
    path = f"/v1/referrals/{referral}"
    assert office.ok(OFFICER, "GET", path)["needs_attention"] is True
    office.pass_time(minutes=1)
    assert office.ok(OFFICER, "GET", path)["needs_attention"] is False
    assert "crisis_lapsed" in why(office, referral)


def test_an_urgent_offer_that_lapses_is_no_crisis_to_anybody(office: Office) -> None:
    referral, _ = office.offered("near-beds")
    office.pass_time(hours=5)
    assert office.ok(OFFICER, "GET", f"/v1/referrals/{referral}")["needs_attention"] is False
    assert "crisis_lapsed" not in why(office, referral)
