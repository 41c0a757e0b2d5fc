"""The matcher's answers: applied while their attempt is open, ignored when they are late."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from contracts.events.directory import TOPIC as DIRECTORY
from contracts.events.directory import ProgramPublished
from contracts.events.routing import TOPIC_OF, Deferred, Unplaced, Waitlisted
from contracts.vocabulary import Need, Sector
from services.chassis.actor import Actor
from services.referral_api.handlers import MisaddressedError
from services.referral_api.usecases.answer import ForbiddenChoiceError
from tests.integration.referral_api.office import NEAR, OFFICER, START, TRAINEE, Office

NO = {"reason": "no_capacity", "side": "provider"}


def test_choices_become_offers_with_deadlines_and_the_attempt_closes(office: Office) -> None:
    referral, offers = office.offered("near-beds", "far-beds")
    assert len(offers) == 2
    assert office.events(referral) == ["referral.submitted", "offer.made", "offer.made"]
    shown = office.snapshot(referral)
    assert shown["open_attempt"] is None
    assert [offer["program_id"] for offer in shown["live_offers"]] == ["near-beds", "far-beds"]
    seen = office.seen(referral)
    assert (seen["state"], seen["owner"], seen["review_at"]) == ("offered", "agency", None)


def test_all_events_of_one_command_carry_the_snapshot_as_of_commit(office: Office) -> None:
    referral, _ = office.offered("near-beds", "far-beds")
    (_, first), (_, second) = office.stream(referral)[1:]
    assert first["snapshot"] == second["snapshot"]
    assert len(first["snapshot"]["live_offers"]) == 2


def test_a_late_answer_is_ignored(office: Office) -> None:
    referral, (offer,) = office.offered("near-beds")
    office.step(NEAR, offer, "decline", NO)
    before = office.stream(referral)
    office.route(referral, "far-beds", attempt=1)
    office.propose(Waitlisted, referral, attempt=1)
    assert office.stream(referral) == before
    office.route(referral, "far-beds", attempt=2)
    assert office.seen(referral)["state"] == "offered"


def test_an_answer_to_a_closed_attempt_is_ignored(office: Office) -> None:
    referral, _ = office.offered("near-beds")
    office.route(referral, "far-beds", attempt=1)
    assert [o["program_id"] for o in office.seen(referral)["offers"]] == ["near-beds"]


def test_waitlisted_leaves_the_attempt_open_for_a_freed_place(office: Office) -> None:
    referral = office.submit()
    office.propose(Waitlisted, referral)
    seen = office.seen(referral)
    assert (seen["state"], seen["owner"]) == ("waitlisted", "coordinator")
    assert office.snapshot(referral)["open_attempt"]["number"] == 1
    office.route(referral, "near-beds", attempt=1)
    assert office.seen(referral)["state"] == "offered"


def test_unplaced_is_the_coordinators_and_may_still_be_waitlisted(office: Office) -> None:
    referral = office.submit()
    office.propose(Unplaced, referral)
    assert office.seen(referral)["owner"] == "coordinator"
    office.propose(Waitlisted, referral)
    office.propose(Unplaced, referral)
    assert office.events(referral)[1:] == [
        "referral.unplaced",
        "referral.waitlisted",
        "referral.unplaced",
    ]


def test_the_same_answer_again_says_nothing_and_keeps_the_timer(office: Office) -> None:
    referral = office.submit()
    office.propose(Waitlisted, referral)
    timer = office.seen(referral)["review_at"]
    office.clock.advance(timedelta(minutes=10))
    office.propose(Waitlisted, referral)
    assert office.events(referral) == ["referral.submitted", "referral.waitlisted"]
    assert office.seen(referral)["review_at"] == timer


def test_a_deferral_puts_the_review_off_until_the_answer_is_due(office: Office) -> None:
    referral = office.submit()
    office.propose(Deferred, referral, until=START + timedelta(hours=2))
    assert office.seen(referral)["state"] == "routing"
    assert office.seen(referral)["review_at"] == "2027-03-01T17:15:00+00:00"
    office.pass_time(hours=1)
    assert office.events(referral) == ["referral.submitted", "referral.deferred"]


def test_whoever_is_held_back_waits_for_the_matcher_and_not_for_want_of_a_place(
    office: Office,
) -> None:
    referral = office.submit()
    office.propose(Waitlisted, referral)
    assert office.seen(referral)["state"] == "waitlisted"
    office.propose(Deferred, referral, until=START + timedelta(hours=2), held=True)
    seen = office.seen(referral)
    assert (seen["state"], seen["review_at"]) == ("routing", "2027-03-01T17:15:00+00:00")
    assert office.events(referral)[1:] == ["referral.waitlisted", "referral.deferred"]
    office.route(referral, "near-beds")
    assert office.seen(referral)["state"] == "offered"


def test_a_newer_entry_that_says_paused_refuses_the_choice(office: Office) -> None:
    referral = office.submit()
    office.publish_program("near-beds", version=2, paused=True)
    office.route(referral, "near-beds", "far-beds", version=1)
    assert office.events(referral)[1:] == ["choice.refused", "offer.made"]
    (offer,) = office.seen(referral)["offers"]
    assert offer["program_id"] == "far-beds"
    refused = office.stream(referral)[1][1]
    assert (refused["program_id"], refused["directory_version"]) == ("near-beds", 2)


def test_when_no_choice_is_left_the_next_attempt_is_opened(office: Office) -> None:
    referral = office.submit()
    office.publish_program("near-beds", version=2, active=False)
    office.route(referral, "near-beds", version=1)
    assert office.events(referral)[1:] == ["choice.refused", "attempt.opened"]
    assert office.snapshot(referral)["open_attempt"]["number"] == 2
    assert office.snapshot(referral)["excluded"] == []


def test_an_entry_that_is_not_newer_refuses_nothing(office: Office) -> None:
    referral = office.submit()
    office.publish_program("near-beds", version=2, paused=True)
    office.route(referral, "near-beds", version=2)
    assert office.seen(referral)["state"] == "offered"


def test_an_older_entry_never_replaces_a_newer_one(office: Office) -> None:
    office.publish_program("near-beds", version=5, paused=True)
    with office.transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM inbox")
    office.publish_program("near-beds", version=4)
    referral = office.submit()
    office.route(referral, "near-beds", version=4)
    assert "choice.refused" in office.events(referral)


def test_a_proposal_of_an_excluded_program_is_a_fault_that_parks(office: Office) -> None:
    referral, (offer,) = office.offered("near-beds")
    office.step(NEAR, offer, "decline", NO)
    with pytest.raises(ForbiddenChoiceError, match="near-beds"):
        office.route(referral, "near-beds")
    assert office.seen(referral)["state"] == "routing"


def test_a_proposal_of_an_avoided_program_is_a_fault_that_parks(office: Office) -> None:
    referral = office.submit()
    with pytest.raises(ForbiddenChoiceError, match="grim-beds"):
        office.route(referral, "grim-beds")


@pytest.mark.parametrize(("who", "program"), [(OFFICER, "school-beds"), (TRAINEE, "near-beds")])
def test_a_proposal_across_the_line_of_training_is_a_fault_that_parks(
    office: Office, who: Actor, program: str
) -> None:
    referral = office.submit(who)
    with pytest.raises(ForbiddenChoiceError, match=program):
        office.route(referral, program)
    assert office.seen(referral)["offers"] == []


def test_a_program_that_became_one_for_training_since_is_refused(office: Office) -> None:
    referral = office.submit()
    office.publish_program("near-beds", version=2, training=True)
    office.route(referral, "near-beds", "far-beds", version=1)
    assert office.events(referral)[1:] == ["choice.refused", "offer.made"]


def test_an_answer_under_the_key_of_another_referral_is_a_fault_that_parks(office: Office) -> None:
    referral, other = office.submit(), office.submit()
    answer = Unplaced(referral_id=UUID(referral), attempt=1, decision_number=1, decision_id=uuid4())
    with pytest.raises(MisaddressedError, match=other):
        office.hear(TOPIC_OF[Sector.HOUSING], other, answer)
    assert {office.seen(one)["state"] for one in (referral, other)} == {"routing"}


def test_a_program_under_the_key_of_another_is_a_fault_that_parks(office: Office) -> None:
    entry = ProgramPublished(
        program_id="near-beds",
        agency_id="near",
        version=9,
        name="Near",
        agency_name="Near",
        sector=Sector.HOUSING,
        needs=(Need.EMERGENCY_SHELTER,),
        time_zone="America/Chicago",
    )
    with pytest.raises(MisaddressedError, match="far-beds"):
        office.hear(DIRECTORY, "far-beds", entry)


def test_two_programs_at_once_for_a_protected_need_are_a_fault_that_parks(office: Office) -> None:
    referral = office.submit(need="domestic_violence_shelter")
    with pytest.raises(ForbiddenChoiceError, match="several at once"):
        office.route(referral, "near-beds", "far-beds")
    assert office.seen(referral)["offers"] == []


def test_a_proposal_of_nothing_is_a_fault_that_parks(office: Office) -> None:
    referral = office.submit()
    with pytest.raises(ForbiddenChoiceError, match="no choice"):
        office.route(referral)
