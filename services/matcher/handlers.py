"""Events in: an event is its snapshot, whatever its type; an agency's silence is counted, too."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from contracts.codec import Envelope
from contracts.events.access import AccessEnded
from contracts.events.consents import PersonErased
from contracts.events.event import event_types
from contracts.events.lifecycle import (
    TOPIC,
    LifecycleEvent,
    OfferAccepted,
    OfferAcknowledged,
    OfferDeclined,
    OfferEvent,
    OfferLapsed,
)
from contracts.events.snapshot import Facts as PublishedFacts
from contracts.events.snapshot import Holder as PublishedHolder
from contracts.events.snapshot import LiveOffer, Snapshot
from contracts.topics import Consumer
from contracts.vocabulary import Origin
from services.chassis import ended_access
from services.chassis.database import scrub_after
from services.chassis.inbox import Handler, Inbox
from services.chassis.logs import about
from services.matcher.domain.request import Facts, Hold, Holder, Seen
from services.matcher.store.journal import take_turn
from services.matcher.usecases.follow_referral import follow_referral
from services.matcher.usecases.forget_person import forget_person
from services.matcher.usecases.hear_silence import Lapse, hear_answer, hear_lapse

# An agency that does one of these to an offer is there.
ANSWERS: Final = (OfferAcknowledged, OfferAccepted, OfferDeclined)


def inbox(pause_after: int) -> Inbox:
    """The matcher's inbox: each event is followed; some tell whether an agency is there, too.

    An agency is paused after so many lapses in a row; 0 = never.
    """
    types = [t.event for t in event_types().values() if TOPIC in t.topics]
    heard: dict[type, Handler] = {OfferLapsed: _on_lapse(pause_after)}
    heard |= dict.fromkeys(ANSWERS, on_answer)
    heard[PersonErased] = on_erased
    heard[AccessEnded] = ended_access.on_ended
    return Inbox(Consumer.MATCHER, dict.fromkeys(types, on_lifecycle) | heard)


def on_erased(session: Session, now: datetime, envelope: Envelope) -> None:
    """Follow the referral, which knows no facts any more, and forget those of before."""
    on_lifecycle(session, now, envelope)
    if isinstance(event := envelope.event, PersonErased):
        forget_person(session, event.snapshot.referral_id)
        scrub_after(session)


def on_answer(session: Session, now: datetime, envelope: Envelope) -> None:
    """Follow the referral, and note that the agency gave a sign of life."""
    on_lifecycle(session, now, envelope)
    if isinstance(event := envelope.event, OfferEvent) and _counts(event):
        hear_answer(session, event.agency_id, envelope.time)


def _on_lapse(pause_after: int) -> Handler:
    """Follow the referral, and count the lapse of its offer."""

    def handle(session: Session, now: datetime, envelope: Envelope) -> None:
        on_lifecycle(session, now, envelope)
        if isinstance(event := envelope.event, OfferEvent) and _counts(event):
            lapse = Lapse(event.agency_id, event.offer_id, envelope.time)
            hear_lapse(session, now, lapse, pause_after)

    return handle


def _counts(event: OfferEvent) -> bool:
    """An exercise, or a row of the past, says nothing about whether an agency is there."""
    facts = event.snapshot.facts
    return not facts.training and facts.origin is not Origin.IMPORTED


def on_lifecycle(session: Session, now: datetime, envelope: Envelope) -> None:
    """Follow the referral to where it stood at the event's commit.

    Raises ValueError for another referral's snapshot: only its own key keeps it in order.
    """
    event = envelope.event
    if not isinstance(event, LifecycleEvent):
        raise TypeError(f"{type(event).__name__} carries no snapshot")
    if envelope.key != str(event.snapshot.referral_id):
        raise ValueError(f"a snapshot of {event.snapshot.referral_id} under another key")
    with about(referral_id=event.snapshot.referral_id):
        take_turn(session)
        follow_referral(session, now, _seen(event.snapshot, envelope.time))


def _seen(snapshot: Snapshot, at: datetime) -> Seen:
    attempt = snapshot.open_attempt
    return Seen(
        referral_id=snapshot.referral_id,
        at=at,
        facts=_facts(snapshot.facts, snapshot.submitted_at),
        attempt=attempt.number if attempt else None,
        hand=attempt.program_id if attempt else None,
        excluded=tuple(sorted(snapshot.excluded)),
        live=tuple(_hold(offer) for offer in snapshot.live_offers),
        holder=_holder(snapshot.holder),
    )


def _hold(offer: LiveOffer) -> Hold:
    return Hold(offer.program_id, offer.attempt, offer.offer_id, offer.over_capacity)


def _holder(holder: PublishedHolder | None) -> Holder | None:
    if holder is None:
        return None
    return Holder(holder.program_id, holder.accepted_at, holder.over_capacity)


def _facts(facts: PublishedFacts, submitted_at: datetime) -> Facts:
    return Facts(
        sector=facts.sector,
        need=facts.need,
        urgency=facts.urgency,
        submitted_at=submitted_at,
        language=facts.language,
        age=facts.age,
        cell=facts.cell,
        household_size=facts.household_size,
        accommodations=facts.accommodations,
        preferred=facts.preferred,
        avoided=facts.avoided,
        training=facts.training,
        also_speaks=facts.also_speaks,
        eligibility=facts.eligibility,
        imported=facts.origin is Origin.IMPORTED,
    )
