"""From snapshots to answers: reservations, waiting, hand placing, staleness."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.events.access import TOPIC as ACCESS
from contracts.events.event import event_types
from contracts.events.lifecycle import TOPIC, AttemptOpened, OfferDeclined, ReferralClosed
from contracts.events.routing import Routed, Unplaced, Waitlisted
from contracts.vocabulary import Outcome, Reason, Side, Urgency
from services.matcher.handlers import inbox
from tests.integration.matcher.desk import (
    ALLOWANCE,
    Desk,
    attempt,
    ended,
    held,
    offered,
    partner,
    submitted,
)
from tests.ports.samples import NOON


def test_an_open_attempt_is_routed_to_a_free_program_and_holds_its_place(desk: Desk) -> None:
    desk.opened(harbour=2)
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    (answer,) = desk.answers(referral)
    assert isinstance(answer, Routed)
    assert (answer.attempt, answer.decision_number) == (1, 1)
    assert [(c.program_id, c.directory_version) for c in answer.choices] == [("harbour-beds", 1)]
    assert desk.holds(referral) == ["harbour-beds"]
    assert desk.free("harbour-beds") == 1


def test_every_event_that_the_matcher_follows_is_handled() -> None:
    followed = {TOPIC, ACCESS}
    names = {t.event for t in event_types().values() if followed & set(t.topics)}
    assert inbox(pause_after=3)._handlers.keys() == names  # noqa: SLF001 - the guard is about what is wired


def test_a_place_is_kept_while_the_offer_lives_and_freed_when_it_ends(desk: Desk) -> None:
    desk.opened(harbour=1)
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    live = offered(referral, "harbour-beds")
    desk.hear(live)
    assert (desk.holds(live), desk.free("harbour-beds")) == (["harbour-beds"], 0)
    desk.hear(attempt(live, 2, excluded=("harbour-beds",)))
    assert (desk.holds(live), desk.free("harbour-beds")) == ([], 1)


def test_the_snapshot_counts_and_never_the_type_of_the_event(desk: Desk) -> None:
    desk.opened(harbour=1)
    live = offered(submitted(), "harbour-beds")
    desk.hear_event(ReferralClosed(snapshot=live, outcome=Outcome.SHELTERED), live.referral_id, 1)
    assert desk.holds(live) == ["harbour-beds"]
    declined = OfferDeclined(
        snapshot=ended(live),
        offer_id=live.live_offers[0].offer_id,
        program_id="harbour-beds",
        agency_id="harbour",
        reason=Reason.NO_CAPACITY,
        side=Side.PROVIDER,
    )
    desk.hear_event(declined, live.referral_id, 2)
    assert desk.holds(live) == []


def test_a_proposal_for_an_attempt_that_was_overtaken_gives_its_place_back(desk: Desk) -> None:
    desk.opened(harbour=1)
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    desk.hear(attempt(referral, 2))
    assert desk.free("harbour-beds") == 1
    desk.decide()
    assert [(a.attempt, a.decision_number) for a in desk.answers(referral)] == [(1, 1), (2, 1)]  # type: ignore[attr-defined]


def test_an_attempt_is_routed_at_most_once_whatever_is_heard_of_it(desk: Desk) -> None:
    desk.opened(harbour=3)
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    desk.hear(replace(referral, excluded=("other",)), replace(referral, reference="0000-0000"))
    desk.decide()
    assert desk.kinds(referral) == ["Routed"]
    assert desk.taken("harbour-beds") == 1


def test_who_finds_no_room_waits_and_gets_the_freed_place(desk: Desk) -> None:
    desk.opened(harbour=1)
    first, second = submitted(), submitted(submitted_at=NOON + timedelta(minutes=1))
    desk.hear(first, second)
    desk.decide()
    assert (desk.kinds(first), desk.kinds(second)) == (["Routed"], ["Waitlisted"])
    desk.hear(ended(first))
    desk.decide()
    assert desk.kinds(second) == ["Waitlisted", "Routed"]
    assert [a.decision_number for a in desk.answers(second)] == [1, 2]  # type: ignore[attr-defined]


@pytest.mark.parametrize("news", ["statement", "resume"])
def test_who_waits_is_looked_at_again_when_a_program_has_news(desk: Desk, news: str) -> None:
    desk.opened(harbour=0 if news == "statement" else 1)
    if news == "resume":
        desk.call(partner("harbour"), "POST", "/v1/programs/harbour-beds/pause", {})
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    if news == "statement":
        assert desk.state("harbour-beds", 1).status_code == 200
    else:
        desk.call(partner("harbour"), "POST", "/v1/programs/harbour-beds/resume", {})
    desk.decide()
    assert desk.kinds(referral)[-1] == "Routed"


def test_a_second_look_that_finds_nothing_new_says_nothing(desk: Desk) -> None:
    desk.opened(harbour=0)
    referral = submitted()
    desk.hear(referral)
    assert desk.decide() == 1
    desk.state("harbour-beds", 0)
    assert desk.decide() == 1
    assert desk.decide() == 0
    assert desk.kinds(referral) == ["Waitlisted"]


def test_waiting_becomes_unplaced_when_the_last_program_pauses(desk: Desk) -> None:
    desk.opened(harbour=0)
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    desk.call(partner("harbour"), "POST", "/v1/programs/harbour-beds/pause", {})
    desk.decide()
    assert desk.kinds(referral) == ["Waitlisted", "Unplaced"]


def test_who_was_refused_by_all_is_unplaced(desk: Desk) -> None:
    desk.opened(harbour=1)
    referral = replace(submitted(), excluded=("harbour-beds",))
    desk.hear(referral)
    desk.decide()
    assert [type(a) for a in desk.answers(referral)] == [Unplaced]


def test_the_most_urgent_gets_the_last_place_then_the_oldest(desk: Desk) -> None:
    desk.opened(harbour=2)
    old = submitted(submitted_at=NOON - timedelta(hours=2))
    older = submitted(submitted_at=NOON - timedelta(hours=3))
    crisis = submitted(urgency=Urgency.CRISIS)
    desk.hear(old, crisis, older)
    desk.decide()
    kinds = [type(desk.answers(referral)[0]) for referral in (crisis, older, old)]
    assert kinds == [Routed, Routed, Waitlisted]


def test_a_program_named_by_hand_is_the_only_one_asked(desk: Desk) -> None:
    desk.opened(harbour=1, lodge=1)
    referral = attempt(submitted(), 2, by_hand="lodge-beds")
    desk.hear(referral)
    desk.decide()
    (answer,) = desk.answers(referral)
    assert isinstance(answer, Routed)
    assert [choice.program_id for choice in answer.choices] == ["lodge-beds"]


def test_a_program_named_by_hand_without_room_is_unplaced_until_it_has_some(desk: Desk) -> None:
    desk.opened(harbour=1, lodge=0)
    referral = attempt(submitted(), 2, by_hand="lodge-beds")
    desk.hear(referral)
    desk.decide()
    assert desk.kinds(referral) == ["Unplaced"]
    desk.state("lodge-beds", 1)
    desk.decide()
    assert desk.kinds(referral) == ["Unplaced", "Routed"]


def test_a_program_named_by_hand_that_said_no_stays_out(desk: Desk) -> None:
    desk.opened(lodge=1)
    referral = attempt(submitted(), 2, by_hand="lodge-beds", excluded=("lodge-beds",))
    desk.hear(referral)
    desk.decide()
    assert desk.kinds(referral) == ["Unplaced"]


def test_a_coordinator_who_insists_is_counted_beyond_what_was_stated(desk: Desk) -> None:
    desk.opened(harbour=0)
    referral = offered(submitted(), "harbour-beds")
    desk.hear(referral)
    assert (desk.taken("harbour-beds"), desk.free("harbour-beds")) == (1, 0)
    desk.hear(ended(referral))
    assert desk.taken("harbour-beds") == 0


def test_acceptance_moves_the_place_and_closing_frees_nothing(desk: Desk) -> None:
    desk.opened(harbour=1)
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    desk.hear(offered(referral, "harbour-beds"), held(referral, "harbour-beds"))
    assert desk.holds(referral) == []
    assert desk.taken("harbour-beds") == 1
    desk.hear(ended(referral))
    assert desk.free("harbour-beds") == 0


@pytest.mark.parametrize("counted", [True, False])
def test_a_statement_counts_what_was_accepted_before_it_as_it_says(
    desk: Desk, *, counted: bool
) -> None:
    desk.opened(harbour=2)
    desk.hear(held(submitted(), "harbour-beds"))
    desk.clock.advance(timedelta(hours=1))
    desk.state("harbour-beds", 2, accepted_counted=counted)
    assert desk.taken("harbour-beds") == (0 if counted else 1)


def test_an_acceptance_that_is_heard_late_is_compared_by_its_time(desk: Desk) -> None:
    desk.opened(harbour=2)
    desk.clock.advance(timedelta(hours=2))
    stated = NOON + timedelta(hours=1)
    desk.state("harbour-beds", 2, as_of=stated.isoformat())
    desk.hear(held(submitted(), "harbour-beds", stated - ALLOWANCE))
    assert desk.taken("harbour-beds") == 0
    desk.hear(held(submitted(), "harbour-beds", stated - ALLOWANCE + timedelta(seconds=1)))
    desk.hear(held(submitted(), "harbour-beds", stated + timedelta(minutes=1)))
    assert desk.taken("harbour-beds") == 2


def test_an_uncounted_acceptance_that_ended_before_the_statement_is_gone(desk: Desk) -> None:
    desk.opened(harbour=2)
    referral = held(submitted(), "harbour-beds")
    desk.hear(referral)
    desk.clock.advance(timedelta(hours=1))
    desk.hear(ended(referral))
    desk.clock.advance(timedelta(hours=1))
    desk.state("harbour-beds", 2, accepted_counted=False)
    assert desk.taken("harbour-beds") == 0


def test_replaying_the_topic_changes_nothing_and_says_nothing(desk: Desk) -> None:
    desk.opened(harbour=1)
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    live = offered(referral, "harbour-beds")
    desk.hear(live)
    before = desk.decisions()
    for seq, snapshot in enumerate((referral, live), 1):
        desk.hear_event(AttemptOpened(snapshot=snapshot), snapshot.referral_id, seq)
    assert desk.decide() == 0
    assert (desk.decisions(), desk.holds(live)) == (before, ["harbour-beds"])


def test_a_waiting_answer_names_the_attempt_and_its_own_decision(desk: Desk) -> None:
    desk.opened(harbour=0)
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    (answer,) = desk.answers(referral)
    (decision,) = desk.decisions()
    assert isinstance(answer, Waitlisted)
    assert (answer.decision_id, answer.attempt) == (decision.id, 1)
