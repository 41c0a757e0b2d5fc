"""Events in: every lifecycle event is taken as the snapshot that it carries, whatever its type."""

from datetime import datetime

from sqlalchemy.orm import Session

from contracts.codec import Envelope
from contracts.events.event import event_types
from contracts.events.lifecycle import TOPIC, LifecycleEvent
from contracts.events.snapshot import Facts as PublishedFacts
from contracts.events.snapshot import LiveOffer, Snapshot
from contracts.topics import Consumer
from services.chassis.inbox import Inbox
from services.chassis.logs import about
from services.matcher.domain.request import Facts, Hold, Holder, Seen
from services.matcher.store.journal import take_turn
from services.matcher.usecases.follow_referral import follow_referral


def inbox() -> Inbox:
    """The matcher's inbox: one handler for everything that happens to a referral."""
    types = [t.event for t in event_types().values() if TOPIC in t.topics]
    return Inbox(Consumer.MATCHER, dict.fromkeys(types, on_lifecycle))


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
    attempt, holder = snapshot.open_attempt, snapshot.holder
    return Seen(
        referral_id=snapshot.referral_id,
        at=at,
        facts=_facts(snapshot.facts, snapshot.submitted_at),
        attempt=attempt.number if attempt else None,
        hand=attempt.program_id if attempt else None,
        excluded=tuple(sorted(snapshot.excluded)),
        live=tuple(_hold(offer) for offer in snapshot.live_offers),
        holder=Holder(holder.program_id, holder.accepted_at) if holder else None,
    )


def _hold(offer: LiveOffer) -> Hold:
    return Hold(offer.program_id, offer.attempt, offer.offer_id)


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
    )
