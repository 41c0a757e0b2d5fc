"""Time: lapses, reviews, the sweep, and that one fault does not stop the others' timers."""

from datetime import timedelta
from itertools import count

import pytest

from contracts.events.routing import Unplaced, Waitlisted
from services.chassis.keys import PersonKeys
from services.referral_api.jobs import LONGEST_HOLD_S, Timers, jobs
from services.referral_api.routes.desk import desk
from tests.integration.referral_api.many import multiply
from tests.integration.referral_api.office import FAR, NEAR, Office


def test_an_offer_that_nobody_answers_lapses_and_the_next_attempt_opens(office: Office) -> None:
    referral, (offer,) = office.offered("near-beds")
    office.step(NEAR, offer, "acknowledge")
    office.pass_time(minutes=239)
    assert office.seen(referral)["state"] == "offered"
    office.pass_time(minutes=1)
    assert office.events(referral)[-2:] == ["offer.lapsed", "attempt.opened"]
    shown = office.snapshot(referral)
    assert (shown["open_attempt"]["number"], shown["excluded"]) == (2, ["near-beds"])
    assert office.refused(NEAR, "POST", f"/v1/offers/{offer}/accept", {}) == 409


def test_when_all_offers_lapse_one_attempt_opens(office: Office) -> None:
    referral, _ = office.offered("near-beds", "far-beds")
    office.pass_time(hours=4)
    assert office.events(referral)[-3:] == ["offer.lapsed", "offer.lapsed", "attempt.opened"]
    assert office.snapshot(referral)["excluded"] == ["far-beds", "near-beds"]


def test_an_accept_before_the_lapse_is_recorded_wins(office: Office) -> None:
    referral, (near, far) = office.offered("near-beds", "far-beds")
    office.clock.advance(timedelta(hours=5))
    office.step(FAR, far, "accept")
    office.run_jobs()
    assert office.seen(referral)["state"] == "accepted"
    assert office.ok(NEAR, "GET", f"/v1/offers/{near}")["state"] == "rescinded"


def test_a_batch_that_takes_long_lets_go_and_leaves_the_rest_to_the_next(office: Office) -> None:
    office.offered("near-beds")
    office.offered("near-beds")
    office.run_jobs()
    office.clock.advance(timedelta(hours=5))
    timers, (key_store,) = _timers_that_take(office, LONGEST_HOLD_S), office.service.stores
    made = jobs(timers, PersonKeys(key_store, office.masters), key_store)
    lapses = next(job for job in made if job.name == "lapses")
    left = [office.service.due("lapses")]
    for _ in range(2):
        assert lapses.tick()
        left.append(office.service.due("lapses"))
    assert left == [2, 1, 0]


def _timers_that_take(office: Office, seconds: float) -> Timers:
    """What jobs run on for which so long passes, and a little, between two looks at the watch."""
    with office.service.app.app_context():
        watch = count(step=seconds + 0.1)
        return Timers(office.service.database, office.clock, desk(), watch.__next__)


def test_due_timers_are_counted_until_they_are_handled(office: Office) -> None:
    office.run_jobs()
    office.offered("near-beds")
    office.submit()
    assert office.service.flow().due == 2  # to be compared with others
    office.run_jobs()
    assert office.service.flow().due == 0
    office.clock.advance(timedelta(hours=5))
    assert office.service.flow().due == 2
    office.run_jobs()
    assert office.service.flow().due == 0


@pytest.mark.parametrize(
    ("answer", "minutes", "owner"),
    [(None, 15, "matcher"), (Waitlisted, 720, "coordinator"), (Unplaced, 120, "coordinator")],
)
def test_whoever_owns_a_waiting_referral_is_reminded_again_and_again(
    office: Office, answer: type[Waitlisted | Unplaced] | None, minutes: int, owner: str
) -> None:
    referral = office.submit()
    if answer is not None:
        office.propose(answer, referral)
    for _ in range(2):
        office.pass_time(minutes=minutes)
    reviews = [d for t, d in office.stream(referral) if "review.due" in t]
    assert [review["owner"] for review in reviews] == [owner, owner]
    assert office.seen(referral)["review_at"] == reviews[-1]["next_review_at"]


def test_an_accepted_referral_is_reviewed_with_its_agency(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    office.pass_time(days=3)
    assert office.events(referral)[-1] == "review.due"
    assert office.seen(referral)["owner"] == "agency"


def test_an_ended_referral_has_no_timer(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "decline", {"reason": "declined", "side": "person"})
    before = office.events(referral)
    office.pass_time(days=90)
    assert office.events(referral) == before


def test_hundreds_of_timers_are_handled_in_batches(office: Office) -> None:
    first = office.submit()
    office.run_jobs()  # it is compared with others, which is no part of this
    multiply(office, first, 119)
    office.pass_time(minutes=15)
    told = "SELECT count(*) FROM history WHERE type = 'handoff.review.due.v1'"
    assert office.rows(told) == [(120,)]
    assert office.service.flow().due == 0


def test_the_sweep_finds_an_offered_referral_without_a_live_offer(office: Office) -> None:
    referral, _ = office.offered()
    office.plant("UPDATE offers SET state = 'lapsed'")
    office.pass_time(minutes=5)
    assert office.events(referral)[-1] == "attempt.opened"
    assert office.seen(referral)["state"] == "routing"


def test_the_sweep_finds_an_accepted_referral_that_nobody_holds(office: Office) -> None:
    referral, (offer,) = office.offered()
    office.step(NEAR, offer, "accept")
    office.plant("UPDATE offers SET state = 'declined'")
    office.pass_time(minutes=5)
    assert office.seen(referral)["state"] == "routing"


def test_the_sweep_gives_a_timer_to_a_referral_that_lost_its_own(office: Office) -> None:
    referral = office.submit()
    office.plant_unchecked("referrals", "ck_referrals_reviewed", "review_at = NULL")
    office.pass_time(minutes=5)
    assert office.seen(referral)["review_at"] == "2027-03-01T15:20:00+00:00"


def test_the_database_refuses_a_waiting_referral_without_a_timer(office: Office) -> None:
    office.submit()
    with pytest.raises(Exception, match="ck_referrals_reviewed"):
        office.plant("UPDATE referrals SET review_at = NULL")


def test_the_sweep_leaves_what_is_well_alone(office: Office) -> None:
    referral, _ = office.offered()
    before = office.stream(referral)
    office.pass_time(minutes=30)
    assert office.stream(referral) == before


def test_one_referral_that_fails_does_not_stop_the_others_timers(office: Office) -> None:
    broken, _ = office.offered("near-beds", "far-beds")
    well, _ = office.offered("near-beds")
    office.plant("CREATE UNIQUE INDEX one_lapse ON offers (referral_id) WHERE state = 'lapsed'")
    office.clock.advance(timedelta(hours=4))
    (lapses,) = [job for job in office.service.jobs if job.name == "lapses"]
    assert lapses.tick() == 1
    assert office.seen(well)["state"] == "routing"
    assert office.seen(broken)["state"] == "offered"
    assert office.service.due(lapses.name) == 2
