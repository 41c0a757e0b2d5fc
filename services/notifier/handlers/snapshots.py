"""From the events' snapshot to the referral that telling and measuring know."""

from typing import cast

from contracts.codec import Envelope
from contracts.events.lifecycle import LifecycleEvent, OfferEvent
from contracts.events.snapshot import Holder, Snapshot
from contracts.vocabulary import age_band
from services.notifier.domain.referral import Offer, Referral


def lifecycle_event(envelope: Envelope) -> LifecycleEvent:
    """The lifecycle event of an envelope.

    Raises ValueError for another referral's snapshot: only its own key keeps it in order.
    """
    event = cast("LifecycleEvent", envelope.event)
    if envelope.key != str(event.snapshot.referral_id):
        raise ValueError(f"a snapshot of {event.snapshot.referral_id} under another key")
    return event


def referral_of(snapshot: Snapshot) -> Referral:
    """The referral as of the event; the age in years ends here, its band goes on."""
    facts = snapshot.facts
    return Referral(
        referral_id=snapshot.referral_id,
        reference=snapshot.reference,
        state=snapshot.state,
        submitted_at=snapshot.submitted_at,
        occurred_at=snapshot.occurred_at,
        sector=facts.sector,
        urgency=facts.urgency,
        entry_door=facts.entry_door,
        language=facts.language,
        age_band=age_band(facts.age),
        training=facts.training,
        origin=facts.origin,
        live=tuple(
            Offer(
                offer_id=offer.offer_id,
                program_id=offer.program_id,
                agency_id=offer.agency_id,
                deadline_at=offer.deadline_at,
            )
            for offer in snapshot.live_offers
        ),
        holder=_held(snapshot.holder),
    )


def offer_of(event: OfferEvent) -> Offer:
    """The offer that an event is about, with its deadline where the event names one."""
    return Offer(
        offer_id=event.offer_id,
        program_id=event.program_id,
        agency_id=event.agency_id,
        deadline_at=getattr(event, "deadline_at", None),
    )


def _held(holder: Holder | None) -> Offer | None:
    if holder is None:
        return None
    return Offer(offer_id=holder.offer_id, program_id=holder.program_id, agency_id=holder.agency_id)
