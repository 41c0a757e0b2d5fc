"""Events in: the matcher's answers, and the directory that this service keeps a copy of."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from contracts.codec import Envelope
from contracts.events.access import AccessEnded
from contracts.events.directory import ProgramPublished
from contracts.events.routing import Deferred, Proposal, Routed, Unplaced, Waitlisted
from contracts.topics import Consumer
from services.chassis import ended_access
from services.chassis.inbox import Handler, Inbox
from services.chassis.logs import about
from services.referral_api.store import directory, leavers
from services.referral_api.tables import Program
from services.referral_api.usecases import answer
from services.referral_api.usecases.lifecycle import Command, Desk, load_one


class MisaddressedError(Exception):
    """A message under the key of something else: a fault of its producer, so the key parks."""


Answer = TypeVar("Answer", bound=Proposal)


def inbox(desk: Desk) -> Inbox:
    """The one consumer of this service."""
    handlers: dict[type, Handler] = {
        Routed: _on(Routed, desk, answer.routed),
        Deferred: _on(Deferred, desk, answer.deferred),
        Waitlisted: _on(Waitlisted, desk, answer.waitlisted),
        Unplaced: _on(Unplaced, desk, answer.unplaced),
        ProgramPublished: _on_program,
        AccessEnded: _on_access_ended,
    }
    return Inbox(Consumer.REFERRAL_API, handlers)


def _on(kind: type[Answer], desk: Desk, apply: Callable[[Command, Answer], None]) -> Handler:
    """A handler that locks the referral and applies the answer to it."""

    def handle(session: Session, now: datetime, envelope: Envelope) -> None:
        proposal: Any = envelope.event
        if not isinstance(proposal, kind):
            raise TypeError(type(proposal).__name__)
        _check_key(envelope, proposal.referral_id)
        with about(referral_id=proposal.referral_id):
            apply(load_one(session, desk, proposal.referral_id, lambda: now), proposal)

    return handle


def _check_key(envelope: Envelope, about_id: object) -> None:
    """Order and locks hold per key: a message about something else under it is a fault."""
    if envelope.key != str(about_id):
        raise MisaddressedError(f"a message about {about_id} under the key {envelope.key}")


def _on_program(session: Session, _now: datetime, envelope: Envelope) -> None:
    entry: Any = envelope.event
    _check_key(envelope, entry.program_id)
    copy = Program(
        id=entry.program_id,
        agency_id=entry.agency_id,
        name=entry.name,
        version=entry.version,
        paused=entry.paused,
        active=entry.active,
        training=entry.training,
        sector=entry.sector,
        needs=list(entry.needs),
        phone=entry.handoff_phone,
        places=[asdict(place) for place in entry.handoff_places],
    )
    directory.keep_program(session, copy)


def _on_access_ended(session: Session, now: datetime, envelope: Envelope) -> None:
    """Refuse their tokens from now on; what a leaver had is nobody's again."""
    ended_access.on_ended(session, now, envelope)
    if isinstance(event := envelope.event, AccessEnded) and event.left:
        leavers.add(session, event.access_id, now)
