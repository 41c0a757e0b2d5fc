"""Events in, to tell people: the inbox of notices, and the copy of the directory."""

from datetime import datetime
from typing import Final, cast

from sqlalchemy.orm import Session

from contracts.codec import Envelope
from contracts.events import consents, event_types, facts, lifecycle
from contracts.events.directory import ProgramPublished
from contracts.events.lifecycle import LifecycleEvent, OfferEvent
from contracts.topics import Consumer
from contracts.vocabulary import PauseReason
from services.chassis.inbox import Inbox
from services.chassis.logs import about
from services.notifier.domain.notices import Happening, News, Silence
from services.notifier.domain.referral import Offer
from services.notifier.handlers.snapshots import lifecycle_event, offer_of, referral_of
from services.notifier.store import programs
from services.notifier.store.programs import Program
from services.notifier.usecases.tell import forget_silence, keep_true, tell, tell_of_silence

HAPPENINGS: Final[dict[type[LifecycleEvent], Happening]] = {
    lifecycle.OfferMade: Happening.OFFER_MADE,
    lifecycle.OfferRescinded: Happening.OFFER_RESCINDED,
    lifecycle.OfferLapsed: Happening.OFFER_LAPSED,
    lifecycle.OfferNotServed: Happening.OFFER_RETURNED,
    lifecycle.ReferralUnplaced: Happening.REFERRAL_UNPLACED,
    lifecycle.ReviewDue: Happening.REVIEW_DUE,
    consents.ConsentExpired: Happening.CONSENT_EXPIRED,
    consents.RevocationIssued: Happening.REVOCATION_ISSUED,
    consents.RevocationOverdue: Happening.REVOCATION_OVERDUE,
    consents.PersonErased: Happening.PERSON_ERASED,
    facts.FactAdded: Happening.FACT_ADDED,
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
        on_behalf = isinstance(event, OfferEvent) and event.on_behalf
        if happening is None and not on_behalf:
            return
        news = News(
            happening=happening,
            seq=envelope.seq,
            referral=referral,
            offer=offer_of(event) if isinstance(event, OfferEvent) else None,
            owner=getattr(event, "owner", None),
            side=getattr(event, "side", None),
            on_behalf=on_behalf,
            rescinded_for=event.reason if isinstance(event, lifecycle.OfferRescinded) else None,
            holders=_holders(event),
            by_agency=event.agency_id if isinstance(event, facts.FactAdded) else None,
        )
        tell(session, news, envelope.time, now)


def on_program(session: Session, now: datetime, envelope: Envelope) -> None:
    """Keep the newest entry of a program, and tell of an agency that fell silent, or is back."""
    event = cast("ProgramPublished", envelope.event)
    entry = Program(
        program_id=event.program_id,
        agency_id=event.agency_id,
        version=event.version,
        time_zone=event.time_zone,
    )
    programs.keep(session, entry)
    if event.paused_because is PauseReason.SILENCE and event.paused_since is not None:
        silence = Silence(agency_id=event.agency_id, sector=event.sector, since=event.paused_since)
        tell_of_silence(session, silence, now)
    else:
        forget_silence(session, event.agency_id)


def _happening(event: LifecycleEvent) -> Happening | None:
    """A decline is news only where an agency had accepted before."""
    if isinstance(event, lifecycle.OfferDeclined) and event.after_acceptance:
        return Happening.OFFER_RETURNED
    return HAPPENINGS.get(type(event))


def _holders(event: LifecycleEvent) -> tuple[Offer, ...]:
    if not isinstance(event, consents.PersonErased):
        return ()
    return tuple(
        Offer(offer_id=held.offer_id, program_id=held.program_id, agency_id=held.agency_id)
        for held in event.holders
    )
