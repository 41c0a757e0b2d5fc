"""Events in, to measure outcomes: the inbox that the figures are projected from."""

from datetime import datetime
from typing import Final, cast

from sqlalchemy.orm import Session

from contracts.codec import Envelope
from contracts.events import event_types, lifecycle
from contracts.events.lifecycle import OfferEvent
from contracts.events.tallies import OfferTallied
from contracts.topics import Consumer
from services.chassis.inbox import Inbox
from services.chassis.logs import about
from services.notifier.domain.progress import OfferStep, Step
from services.notifier.handlers.snapshots import lifecycle_event, referral_of
from services.notifier.usecases.measure import Observed, measure, tally

STEPS: Final[dict[type[OfferEvent], OfferStep]] = {
    lifecycle.OfferMade: OfferStep.MADE,
    lifecycle.OfferAcknowledged: OfferStep.ACKNOWLEDGED,
    lifecycle.OfferAccepted: OfferStep.ACCEPTED,
    lifecycle.OfferDeclined: OfferStep.DECLINED,
    lifecycle.OfferLapsed: OfferStep.LAPSED,
    lifecycle.OfferRescinded: OfferStep.RESCINDED,
    lifecycle.ContactAttempted: OfferStep.CONTACTED,
    lifecycle.OfferEngaged: OfferStep.ENGAGED,
    lifecycle.OfferCompleted: OfferStep.COMPLETED,
    lifecycle.OfferNotServed: OfferStep.NOT_SERVED,
}


def inbox() -> Inbox:
    """The inbox of outcomes: every lifecycle event, and the tallies."""
    types = [t.event for t in event_types().values() if lifecycle.TOPIC in t.topics]
    handlers = dict.fromkeys(types, on_lifecycle)
    return Inbox(Consumer.OUTCOMES, {**handlers, OfferTallied: on_tally})


def on_lifecycle(session: Session, _: datetime, envelope: Envelope) -> None:
    """Fold the event into the figures; only its own time counts, so a rebuild agrees."""
    event = lifecycle_event(envelope)
    with about(referral_id=event.snapshot.referral_id):
        observed = Observed(
            referral=referral_of(event.snapshot),
            at=envelope.time,
            step=_step(event, envelope.time) if isinstance(event, OfferEvent) else None,
            outcome=getattr(event, "outcome", None),
        )
        measure(session, observed)


def on_tally(session: Session, _: datetime, envelope: Envelope) -> None:
    """Count the no; training counts nowhere."""
    event = cast("OfferTallied", envelope.event)
    if not event.training:
        tally(session, envelope.time, event.sector, event.entry_door)


def _step(event: OfferEvent, at: datetime) -> Step | None:
    """What happened to the offer; a contact happened when the agency says it did."""
    kind = STEPS.get(type(event))
    if kind is None:
        return None
    reason = getattr(event, "reason", None)
    return Step(
        kind=kind,
        at=getattr(event, "attempted_at", at),
        offer_id=event.offer_id,
        agency_id=event.agency_id,
        reason=reason if kind is not OfferStep.RESCINDED else None,
        side=getattr(event, "side", None),
    )
