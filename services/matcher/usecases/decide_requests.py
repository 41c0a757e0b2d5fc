"""A turn of the decider: what is due is answered, places are taken, and the reasons kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.events.event import Event
from contracts.events.routing import TOPIC_OF, Choice, Routed, Unplaced, Waitlisted
from contracts.questions import Question
from services.chassis import outbox
from services.matcher.domain.board import Board, Decision, take_turn
from services.matcher.domain.capacity_policy import Policy
from services.matcher.domain.directory import Program
from services.matcher.domain.eligibility import asks, open_questions
from services.matcher.domain.journal import DECIDED, Kind
from services.matcher.domain.request import Answer, Facts, Hold, Request
from services.matcher.store import capacity, decisions, directory, journal, requests, waits

BATCH: Final = 200


class PlaceTakenError(Exception):
    """A place went to a writer that had not waited for its turn; nothing was decided, try again."""


def decide_requests(session: Session, now: datetime, policy: Policy) -> int:
    """Answer the most urgent requests that are due; returns how many were looked at.

    The caller has the turn. Raises PlaceTakenError.
    """
    due = requests.lock_due(session, BATCH)
    if not due:
        return 0
    board = _board(session, due)
    turn = take_turn(board, now, policy)
    made = turn.decisions
    _take_places(session, made)
    requests.looked_at(session, due)
    waits.replace(session, due, turn.waits)
    if made:
        requests.answered(session, made)
        decisions.add(session, made)
        ids = [str(request.referral_id) for request in due]
        decided = [str(decision.referral_id) for decision in made]
        body = {"requests": ids, "policy": policy.version, DECIDED: decided}
        journal.append(session, now, [(Kind.TICK, body)])
        _publish(session, now, _asked(board, policy), made)
    return len(due)


def _board(session: Session, due: list[Request]) -> Board:
    named = {request.hand for request in due if request.hand is not None}
    needs = {request.facts.need for request in due}
    programs = directory.candidates(session, needs, named)
    free = capacity.free_of(session, [program.id for program in programs])
    return Board(programs, free, due)


def _take_places(session: Session, made: Iterable[Decision]) -> None:
    for decision in made:
        for choice in decision.choices:
            hold = Hold(choice.program_id, decision.attempt)
            if not capacity.take(session, decision.referral_id, hold):
                raise PlaceTakenError(choice.program_id)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of the persons whom a turn decides about; no part of its decisions."""

    programs: Mapping[str, Program]
    facts: Mapping[UUID, Facts]
    farthest_km: float

    def of(self, referral_id: UUID) -> tuple[Question, ...]:
        """The questions that are open, whichever program asks them."""
        return open_questions(self.programs.values(), self.facts[referral_id], self.farthest_km)

    def by(self, program_id: str, referral_id: UUID) -> tuple[Question, ...]:
        """What one program asks."""
        return asks(self.programs[program_id], self.facts[referral_id])


def _asked(board: Board, policy: Policy) -> _Asked:
    programs = {program.id: program for program in board.programs}
    facts = {request.referral_id: request.facts for request in board.requests}
    return _Asked(programs, facts, policy.farthest_km)


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
