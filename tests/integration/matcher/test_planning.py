"""Holding places back: a plan for who is expected, what it says to whom, and what ends it."""

from datetime import timedelta

from contracts.events.routing import Deferred, Routed
from contracts.events.snapshot import Snapshot
from contracts.vocabulary import Urgency
from services.matcher.domain.decision import Decision
from services.matcher.store.journal import take_turn
from services.matcher.store.remembered import Remembered
from services.matcher.usecases.make_plan import make_plan, put_in_force, read_task
from tests.integration.matcher.desk import (
    COORDINATOR,
    Desk,
    attempt,
    ended,
    held,
    offered,
    submitted,
)
from tests.integration.matcher.policy_desk import AHEAD, MANAGER, activate, in_force
from tests.ports.samples import NOON


def tick(desk: Desk, name: str) -> int:
    return next(job for job in desk.wired.jobs if job.name == name).tick()


def remember(desk: Desk, days: int) -> None:
    """Every morning a crisis took one of the beds, for three weeks."""
    stays = []
    for ago in range(days, 0, -1):
        at = NOON - timedelta(days=ago)
        desk.clock.moment = at
        crisis = submitted(urgency=Urgency.CRISIS, submitted_at=at)
        taken = held(offered(crisis, "harbour-beds"), "harbour-beds", at)
        desk.hear(crisis, taken)
        stays.append((ago, taken))
    for ago, taken in stays:
        desk.clock.moment = NOON - timedelta(days=max(ago - 21, 0))
        if ago > 21:
            desk.hear(ended(taken))
    desk.clock.moment = NOON


def scarce(desk: Desk, days: int = 28) -> Desk:
    """One bed is free, crises come daily, and the policy looks ahead."""
    desk.opened(harbour=24)
    activate(desk, AHEAD)
    remember(desk, days)
    desk.state("harbour-beds", 1, maximum=24)
    return desk


def newest(desk: Desk) -> Decision:
    """The decision made last."""
    return max(desk.decisions(), key=lambda decision: (decision.decided_at, decision.number))


def routine(desk: Desk) -> Snapshot:
    """Somebody whose need is no emergency has just asked."""
    snapshot = submitted(urgency=Urgency.ROUTINE, submitted_at=desk.clock.now())
    desk.hear(snapshot)
    return snapshot


def test_a_fresh_installation_holds_nothing_back_and_makes_no_plan(desk: Desk) -> None:
    desk.opened(harbour=1)
    asked = routine(desk)
    assert desk.wired.due("plan") == 0
    assert tick(desk, "plan") == 0
    desk.decide()
    assert desk.kinds(asked) == ["Routed"]
    said = in_force(desk)
    assert (said["policy"]["hold_back"], said["activated"], said["plan"]) == (False, None, None)
    assert (said["basis"], said["held"]) == ("not_wanted", 0)


def test_a_place_is_kept_for_a_crisis_that_is_expected_and_nobody_is_told_of_a_want(
    desk: Desk,
) -> None:
    scarce(desk)
    asked = routine(desk)
    assert desk.wired.due("plan") == 1
    assert tick(desk, "plan") == 1
    assert desk.wired.due("plan") == 0
    desk.decide()
    (answer,) = desk.answers(asked)
    assert isinstance(answer, Deferred)
    assert answer.held
    assert desk.clock.now() < answer.until <= desk.clock.now() + timedelta(hours=24)
    (decision,) = desk.decisions()
    assert (decision.basis, decision.plan, decision.policy) == ("look_ahead", 1, "winter-1")
    assert decision.prices["harbour-beds"] > 0.5
    crisis = submitted(urgency=Urgency.CRISIS, submitted_at=desk.clock.now())
    desk.hear(crisis)
    desk.decide()
    assert desk.kinds(crisis) == ["Routed"], "no crisis waits for a plan"
    assert desk.replayed() == []


def test_whoever_is_held_back_is_counted_as_such_and_as_nothing_else(desk: Desk) -> None:
    scarce(desk)
    routine(desk)
    tick(desk, "plan")
    desk.decide()
    sectors = desk.call(COORDINATOR, "GET", "/v1/queue").get_json()["sectors"]
    housing = next(one for one in sectors if one["sector"] == "housing")
    assert (housing["held"], housing["for_a_place"], housing["for_a_program"]) == (1, 0, 0)
    assert (in_force(desk)["basis"], in_force(desk)["held"]) == ("look_ahead", 1)


def test_whoever_is_held_back_is_offered_a_place_once_a_later_plan_has_one(desk: Desk) -> None:
    scarce(desk)
    asked = routine(desk)
    tick(desk, "plan")
    desk.decide()
    desk.state("harbour-beds", 24, maximum=24)
    assert desk.decide() == 0, "the plan that passed somebody over stands until the next"
    desk.clock.advance(timedelta(minutes=15))
    assert tick(desk, "plan") == 1
    desk.decide()
    assert desk.kinds(asked) == ["Deferred", "Routed"]
    assert newest(desk).plan == 2
    assert desk.replayed() == []


def test_a_coordinator_places_by_hand_who_is_held_back(desk: Desk) -> None:
    scarce(desk)
    asked = routine(desk)
    tick(desk, "plan")
    desk.decide()
    desk.hear(attempt(asked, 2, by_hand="harbour-beds"))
    desk.decide()
    assert isinstance(desk.answers(asked)[-1], Routed)
    assert desk.replayed() == []


def test_a_plan_that_is_too_old_holds_nobody_back_any_more(desk: Desk) -> None:
    scarce(desk)
    asked = routine(desk)
    tick(desk, "plan")
    desk.decide()
    desk.clock.advance(timedelta(minutes=120))
    assert desk.wired.due("release_held") == 0
    desk.clock.advance(timedelta(minutes=1))
    assert tick(desk, "release_held") == 1
    desk.decide()
    assert desk.kinds(asked) == ["Deferred", "Routed"]
    assert newest(desk).basis == "stale_plan"
    assert in_force(desk)["basis"] == "stale_plan"
    assert tick(desk, "release_held") == 0
    assert desk.replayed() == []


def test_another_policy_looks_at_everybody_again(desk: Desk) -> None:
    scarce(desk)
    asked = routine(desk)
    tick(desk, "plan")
    desk.decide()
    activate(desk, {"version": "daily-2", "hold_back": False})
    desk.decide()
    assert desk.kinds(asked) == ["Deferred", "Routed"]
    assert newest(desk).policy == "daily-2"
    assert desk.replayed() == []


def test_a_plan_of_before_another_policy_is_not_taken_up_again(desk: Desk) -> None:
    scarce(desk)
    asked = routine(desk)
    tick(desk, "plan")
    desk.decide()
    activate(desk, {"version": "winter-2", "hold_back": True})
    desk.clock.advance(timedelta(minutes=1))
    tick(desk, "plan")
    desk.decide()
    activate(desk, AHEAD)
    desk.decide()
    assert in_force(desk)["basis"] == "stale_plan"
    assert desk.kinds(asked) == ["Deferred", "Routed"]
    assert desk.replayed() == []


def test_a_plan_stands_again_after_a_policy_that_made_none(desk: Desk) -> None:
    scarce(desk)
    asked = routine(desk)
    tick(desk, "plan")
    activate(desk, {"version": "daily-2", "hold_back": False})
    desk.state("harbour-beds", 0, maximum=24)
    desk.decide()
    activate(desk, AHEAD)
    desk.state("harbour-beds", 1, maximum=24)
    desk.decide()
    assert in_force(desk)["basis"] == "look_ahead"
    assert desk.kinds(asked) == ["Waitlisted", "Deferred"]
    assert desk.replayed() == []


def test_a_plan_that_comes_too_late_for_its_policy_is_dropped(desk: Desk) -> None:
    scarce(desk)
    with desk.wired.database.transaction() as session:
        task = read_task(session, desk.clock.now(), Remembered())
        assert task is not None
        plan = make_plan(task)
    activate(desk, {"version": "daily-2", "hold_back": False})
    with desk.wired.database.transaction() as session:
        take_turn(session)
        assert not put_in_force(session, desk.clock.now(), plan, task.policy)
    assert desk.call(MANAGER, "GET", "/v1/plans").get_json()["items"] == []


def test_too_little_history_is_said_and_gives_todays_places_today(desk: Desk) -> None:
    scarce(desk, days=8)
    asked = routine(desk)
    tick(desk, "plan")
    desk.decide()
    assert desk.kinds(asked) == ["Routed"]
    assert in_force(desk)["basis"] == "too_little_history"
    waits = routine(desk)
    desk.clock.advance(timedelta(minutes=15))
    tick(desk, "plan")
    desk.decide()
    desk.state("harbour-beds", 2, maximum=24)
    desk.decide()
    assert desk.kinds(waits) == ["Waitlisted", "Routed"], "nobody is held back for nobody"
    assert desk.replayed() == []


def test_plans_are_kept_as_they_were_made(desk: Desk) -> None:
    scarce(desk)
    asked = routine(desk)
    tick(desk, "plan")
    (outline,) = desk.call(MANAGER, "GET", "/v1/plans").get_json()["items"]
    assert (outline["asked"], outline["offered"], outline["held"]) == (1, 0, 1)
    whole = desk.call(COORDINATOR, "GET", "/v1/plans/1").get_json()
    assert whole["held_back"] == [str(asked.referral_id)]
    assert whole["prices"][0]["program_id"] == "harbour-beds"
    assert desk.call(COORDINATOR, "GET", "/v1/plans/2").status_code == 404
    assert desk.call(MANAGER, "GET", "/v1/plans/1").status_code == 403
