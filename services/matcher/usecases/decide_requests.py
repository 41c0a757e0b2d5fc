"""A turn of the decider: what is due is answered, places are taken, and the reasons kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.events.event import Event
from contracts.events.routing import TOPIC_OF, Choice, Deferred, Routed, Unplaced, Waitlisted
from contracts.questions import Question
from services.chassis import outbox
from services.matcher.domain.board import Board, take_turn
from services.matcher.domain.catalogue import Catalogue
from services.matcher.domain.decision import Decision
from services.matcher.domain.eligibility import asks
from services.matcher.domain.journal import DECIDED, Kind
from services.matcher.domain.plan import Plan
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import Answer, Facts, Hold
from services.matcher.store import capacity, decisions, journal, plans, policies, requests, waits
from services.matcher.store.remembered import Remembered

BATCH: Final = 200


class PlaceTakenError(Exception):
    """A place went to a writer that had not waited for its turn; nothing was decided, try again."""


def decide_requests(session: Session, now: datetime, remembered: Remembered) -> int:
    """Answer the most urgent requests that are due; returns how many were looked at.

    By the policy in force, and the newest plan for it. The caller has the turn. Raises
    PlaceTakenError.
    """
    due = requests.lock_due(session, BATCH)
    if not due:
        return 0
    policy = policies.in_force(session)
    board = Board(
        remembered.catalogue(session),
        partial(capacity.free_of, session),
        due,
        standing=plans.standing(session, policy),
    )
    turn = take_turn(board, now, policy)
    made = turn.decisions
    _take_places(session, made)
    requests.looked_at(session, due, board.plan_number)
    waits.replace(session, due, turn.waits)
    # A turn under a plan counts even where it says nothing new: the plan's offers are used up.
    if made or board.plan_number:
        ids = [str(request.referral_id) for request in due]
        decided = [str(decision.referral_id) for decision in made]
        body = {"requests": ids, "policy": policy.version, DECIDED: decided}
        journal.append(session, now, [(Kind.TICK, body)])
    if made:
        requests.answered(session, made)
        decisions.add(session, made)
        _publish(session, now, _asked(board, policy), made)
    return len(due)


def _take_places(session: Session, made: Iterable[Decision]) -> None:
    for decision in made:
        for choice in decision.choices:
            hold = Hold(choice.program_id, decision.attempt)
            if not capacity.take(session, decision.referral_id, hold):
                raise PlaceTakenError(choice.program_id)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of the persons whom a turn decides about, and by when they are answered.

    It is no part of the decisions.
    """

    catalogue: Catalogue
    facts: Mapping[UUID, Facts]
    policy: Policy
    plan: Plan | None

    def until(self, referral_id: UUID, now: datetime) -> datetime:
        """By when somebody who is held back is answered."""
        return self.plan.answers_by(self.policy, self.facts[referral_id], now) if self.plan else now

    def of(self, referral_id: UUID) -> tuple[Question, ...]:
        """The questions that are open, whichever program asks them."""
        return self.catalogue.open_questions(self.facts[referral_id], self.policy)

    def by(self, program_id: str, referral_id: UUID) -> tuple[Question, ...]:
        """What one program asks."""
        return asks(self.catalogue.programs[program_id], self.facts[referral_id])


def _asked(board: Board, policy: Policy) -> _Asked:
    facts = {request.referral_id: request.facts for request in board.requests}
    plan = board.standing.plan if board.standing else None
    return _Asked(board.programs, facts, policy, plan)


def _publish(session: Session, now: datetime, asked: _Asked, made: Iterable[Decision]) -> None:
    for decision in made:
        topic = TOPIC_OF[asked.facts[decision.referral_id].sector]
        event = _event(decision, asked)
        outbox.publish(session, topic, str(decision.referral_id), [event], now)


def _event(decision: Decision, asked: _Asked) -> Event:
    head: dict[str, Any] = {
        "referral_id": decision.referral_id,
        "attempt": decision.attempt,
        "decision_number": decision.number,
        "decision_id": decision.id,
        "questions": asked.of(decision.referral_id),
    }
    if decision.answer is Answer.ROUTED:
        return Routed(**head, choices=tuple(_choices(decision, asked)))
    if decision.answer is Answer.DEFERRED:
        until = asked.until(decision.referral_id, decision.decided_at)
        return Deferred(**head, until=until, held=True)
    return (Waitlisted if decision.answer is Answer.WAITLISTED else Unplaced)(**head)


def _choices(decision: Decision, asked: _Asked) -> Iterable[Choice]:
    return (
        Choice(
            program_id=choice.program_id,
            agency_id=choice.agency_id,
            directory_version=choice.directory_version,
            questions=asked.by(choice.program_id, decision.referral_id),
        )
        for choice in decision.choices
    )
