"""No stated place is granted twice and none leaks, under threads and under any history."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from contracts.events.routing import Routed
from contracts.events.snapshot import Snapshot
from services.matcher.domain.capacity import Acceptance, taken
from services.matcher.domain.request import Hold
from services.matcher.store import capacity
from services.matcher.tables import AcceptanceRow, ReservationRow
from tests.integration.matcher.desk import (
    Desk,
    Desks,
    attempt,
    ended,
    held,
    offered,
    submitted,
)

PROGRAMS = ("harbour-beds", "lodge-beds")


def recounted(desk: Desk, program: str) -> int:
    """The taken places of a program by the domain's arithmetic over the rows."""
    with desk.wired.database.transaction() as session:
        statement = capacity.stated(session, [program])[program].statement
        reservations = session.scalar(
            select(func.count())
            .where(ReservationRow.program_id == program)
            .where(ReservationRow.over_capacity.is_(False))
        )
        rows = session.execute(
            select(
                AcceptanceRow.accepted_at, AcceptanceRow.ended_at, AcceptanceRow.over_capacity
            ).where(AcceptanceRow.program_id == program)
        )
        acceptances = [Acceptance(*row) for row in rows]
    return taken(statement, reservations or 0, acceptances)


def test_of_200_takers_of_one_place_exactly_one_gets_it(desk: Desk) -> None:
    desk.opened(harbour=1)
    referrals = [ended(submitted()) for _ in range(200)]
    desk.hear(*referrals)

    def take(referral: Snapshot) -> bool:
        with desk.wired.database.transaction() as session:
            return capacity.take(session, referral.referral_id, Hold("harbour-beds", 1))

    with ThreadPoolExecutor(16) as pool:
        got = Counter(pool.map(take, referrals))
    assert got == {True: 1, False: 199}
    assert desk.taken("harbour-beds") == recounted(desk, "harbour-beds") == 1


def test_a_place_beyond_capacity_takes_none_of_the_stated_and_frees_none(desk: Desk) -> None:
    desk.opened(harbour=1)
    first, insisted, waiting = submitted(), submitted(), submitted()
    desk.hear(first)
    desk.decide()
    assert desk.kinds(first) == ["Routed"]
    beyond = offered(insisted, "harbour-beds", over_capacity=True)
    desk.hear(beyond, waiting)
    desk.decide()
    assert desk.taken("harbour-beds") == recounted(desk, "harbour-beds") == 1
    assert desk.holds(beyond) == ["harbour-beds"]
    accepted = held(beyond, "harbour-beds", desk.clock.now())
    desk.hear(accepted)
    desk.decide()
    assert desk.taken("harbour-beds") == recounted(desk, "harbour-beds") == 1
    # The stated place comes free: whoever waits gets it, for nobody beyond capacity had it.
    desk.hear(ended(first))
    desk.decide()
    assert desk.kinds(waiting) == ["Waitlisted", "Routed"]
    assert desk.taken("harbour-beds") == recounted(desk, "harbour-beds") == 1
    assert desk.replayed() == []


def test_insisting_on_a_program_that_was_just_granted_gives_the_stated_place_back(
    desk: Desk,
) -> None:
    desk.opened(harbour=1)
    asked = submitted()
    desk.hear(asked)
    desk.decide()
    assert desk.taken("harbour-beds") == 1
    desk.hear(offered(attempt(asked, 2), "harbour-beds", over_capacity=True))
    assert desk.taken("harbour-beds") == recounted(desk, "harbour-beds") == 0


def test_two_deciders_at_once_grant_each_place_once(desk: Desk) -> None:
    desk.opened(harbour=7)
    referrals = [submitted() for _ in range(40)]
    desk.hear(*referrals)
    job = next(job for job in desk.wired.jobs if job.name == "decide")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: job.tick(), range(16)))
    kinds = Counter(kind for referral in referrals for kind in desk.kinds(referral))
    assert kinds == {"Routed": 7, "Waitlisted": 33}


@dataclass(slots=True)
class Known:
    """What referral_api knows of one referral in this history."""

    snapshot: Snapshot
    number: int = 1
    refused: set[str] = field(default_factory=set)
    answers_read: int = 0


class RandomHistory(RuleBasedStateMachine):
    """Referrals, answers, statements and pauses in any order, with any delay between."""

    def __init__(self, desks: Desks) -> None:
        super().__init__()
        self.opening = desks.desk()
        self.desk = self.opening.__enter__()
        self.desk.opened(harbour=1, lodge=2)
        self.known: list[Known] = []

    def teardown(self) -> None:
        assert self.desk.replayed() == []
        self.opening.__exit__(None, None, None)

    @rule()
    def submit(self) -> None:
        self._hear(Known(submitted(uuid4())))

    @rule()
    def decide(self) -> None:
        """Whoever is routed gets a place that was free before, each place goes once."""
        before = {program: self.desk.taken(program) for program in PROGRAMS}
        free = {program: self.desk.free(program) for program in PROGRAMS}
        known = {decision.id for decision in self.desk.decisions()}
        self.desk.decide()
        made = [decision for decision in self.desk.decisions() if decision.id not in known]
        granted = Counter(choice.program_id for decision in made for choice in decision.choices)
        for program in PROGRAMS:
            assert granted[program] <= free[program]
            assert self.desk.taken(program) == before[program] + granted[program]

    @rule(minutes=st.integers(1, 90))
    def wait(self, minutes: int) -> None:
        self.desk.clock.advance(timedelta(minutes=minutes))

    @rule(program=st.sampled_from(PROGRAMS), places=st.integers(0, 3), counted=st.booleans())
    def state(self, program: str, places: int, *, counted: bool) -> None:
        answer = self.desk.state(program, places, accepted_counted=counted)
        assert answer.status_code == 200

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def hear_an_answer(self, data: st.DataObject) -> None:
        """referral_api reads the next answer; one for a closed attempt is ignored."""
        known = data.draw(st.sampled_from(self.known))
        answers = self.desk.answers(known.snapshot)
        if known.answers_read == len(answers):
            return
        answer = answers[known.answers_read]
        known.answers_read += 1
        is_open = known.snapshot.open_attempt is not None
        if isinstance(answer, Routed) and is_open and answer.attempt == known.number:
            programs = [choice.program_id for choice in answer.choices]
            known.snapshot = offered(known.snapshot, *programs)
            self._hear(known)

    @precondition(lambda self: any(k.snapshot.live_offers for k in self.known))
    @rule(data=st.data(), accepts=st.booleans())
    def agency_answers(self, data: st.DataObject, *, accepts: bool) -> None:
        live = [known for known in self.known if known.snapshot.live_offers]
        known = data.draw(st.sampled_from(live))
        program = known.snapshot.live_offers[0].program_id
        if accepts:
            known.snapshot = held(known.snapshot, program, self.desk.clock.now())
        else:
            self._next_attempt(known, program)
        self._hear(known)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), by_hand=st.sampled_from([None, *PROGRAMS]))
    def ask_again(self, data: st.DataObject, by_hand: str | None) -> None:
        """A correction, a return after acceptance, or a coordinator who names a program."""
        known = data.draw(st.sampled_from(self.known))
        if by_hand is not None:
            known.refused.discard(by_hand)
        self._next_attempt(known, None, by_hand)
        self._hear(known)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), program=st.sampled_from(PROGRAMS))
    def insist(self, data: st.DataObject, program: str) -> None:
        """A coordinator puts a referral to a program beyond its stated places."""
        known = data.draw(st.sampled_from(self.known))
        known.refused.discard(program)
        known.number += 1
        opened = attempt(known.snapshot, known.number, excluded=tuple(sorted(known.refused)))
        known.snapshot = offered(opened, program, over_capacity=True)
        before = self.desk.taken(program)
        self._hear(known)
        assert self.desk.taken(program) <= before

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(self.known))
        known.snapshot = ended(known.snapshot)
        self._hear(known)

    @invariant()
    def what_is_taken_is_what_the_rows_say(self) -> None:
        for program in PROGRAMS:
            assert self.desk.taken(program) == recounted(self.desk, program)

    @invariant()
    def a_place_is_held_only_for_its_open_attempt_or_its_live_offer(self) -> None:
        held_places = self.desk.all_holds()
        for known in self.known:
            live = {offer.program_id for offer in known.snapshot.live_offers}
            ident = known.snapshot.referral_id
            holds = {program for holder, program in held_places if holder == ident}
            assert live <= holds
            if known.snapshot.open_attempt is None:
                assert holds == live

    def _next_attempt(self, known: Known, refused: str | None, hand: str | None = None) -> None:
        known.refused |= {refused} if refused else set()
        known.number += 1
        known.snapshot = attempt(
            known.snapshot, known.number, by_hand=hand, excluded=tuple(sorted(known.refused))
        )

    def _hear(self, known: Known) -> None:
        if known not in self.known:
            self.known.append(known)
        self.desk.hear(known.snapshot)


def test_no_history_grants_a_place_twice_or_loses_one(desks: Desks) -> None:
    class History(RandomHistory):
        def __init__(self) -> None:
            super().__init__(desks)

    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
