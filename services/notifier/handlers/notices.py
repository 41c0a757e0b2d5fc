"""Events in, to tell people: the inbox of notices, and the copy of the directory."""

from datetime import datetime
from typing import Final, cast

from sqlalchemy.orm import Session

from contracts.codec import Envelope
from contracts.events import event_types, lifecycle
from contracts.events.directory import ProgramPublished
from contracts.events.lifecycle import LifecycleEvent, OfferEvent
from contracts.topics import Consumer
from services.chassis.inbox import Inbox
from services.chassis.logs import about
from services.notifier.domain.notices import Happening, News
from services.notifier.handlers.snapshots import lifecycle_event, offer_of, referral_of
from services.notifier.store import programs
from services.notifier.store.programs import Program
from services.notifier.usecases.tell import keep_true, tell

HAPPENINGS: Final[dict[type[LifecycleEvent], Happening]] = {
    lifecycle.OfferMade: Happening.OFFER_MADE,
    lifecycle.OfferRescinded: Happening.OFFER_RESCINDED,
    lifecycle.OfferLapsed: Happening.OFFER_LAPSED,
    lifecycle.OfferNotServed: Happening.OFFER_RETURNED,
    lifecycle.ReferralUnplaced: Happening.REFERRAL_UNPLACED,
    lifecycle.ReviewDue: Happening.REVIEW_DUE,
}


def inbox() -> Inbox:
    """The inbox of notices: every lifecycle event may make a waiting notice untrue."""
    types = [t.event for t in event_types().values() if lifecycle.TOPIC in t.topics]
    handlers = dict.fromkeys(types, on_lifecycle)
    return Inbox(Consumer.NOTICES, {**handlers, ProgramPublished: on_program})


def on_lifecycle(session: Session, now: datetime, envelope: Envelope) -> None:
    """Drop what the event made untrue, then store what it owes."""
    event = lifecycle_event(envelope)
    with about(referral_id=event.snapshot.referral_id):
        referral, happening = referral_of(event.snapshot), _happening(event)
        keep_true(session, referral, happening, now)
        if happening is None:
            return
        news = News(
            happening=happening,
            seq=envelope.seq,
            referral=referral,
            offer=offer_of(event) if isinstance(event, OfferEvent) else None,
            owner=getattr(event, "owner", None),
            side=getattr(event, "side", None),
        )
        tell(session, news, envelope.time, now)


def on_program(session: Session, _: datetime, envelope: Envelope) -> None:
    """Keep the newest entry of a program."""
    event = cast("ProgramPublished", envelope.event)
    entry = Program(
        program_id=event.program_id,
        agency_id=event.agency_id,
        version=event.version,
        time_zone=event.time_zone,
    )
    programs.keep(session, entry)


def _happening(event: LifecycleEvent) -> Happening | None:
    """A decline is news only where an agency had accepted before."""
    if isinstance(event, lifecycle.OfferDeclined) and event.after_acceptance:
        return Happening.OFFER_RETURNED
    return HAPPENINGS.get(type(event))
