"""Events in, to measure outcomes: the inbox that the figures are projected from."""

from datetime import datetime
from typing import Final, cast

from sqlalchemy.orm import Session

from contracts.codec import Envelope
from contracts.events import consents, event_types, lifecycle
from contracts.events.handoffs import ReferralHandedOver
from contracts.events.lifecycle import OfferEvent
from contracts.events.tallies import OfferTallied, RefusalTallied, UnitStated
from contracts.topics import TOPICS, Consumer
from services.chassis.database import scrub_after
from services.chassis.firewall import Refused
from services.chassis.inbox import Inbox
from services.chassis.logs import about
from services.notifier.domain.progress import Handoff, OfferStep, Step
from services.notifier.handlers.snapshots import lifecycle_event, referral_of
from services.notifier.store import firewall
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
    consents.RevocationIssued: OfferStep.REVOCATION_ISSUED,
    consents.RevocationOverdue: OfferStep.REVOCATION_OVERDUE,
    consents.RevocationAcknowledged: OfferStep.REVOCATION_ACKNOWLEDGED,
}


def inbox() -> Inbox:
    """The inbox of outcomes: every lifecycle event, and the tallies."""
    types = [t.event for t in event_types().values() if lifecycle.TOPIC in t.topics]
    handlers = dict.fromkeys(types, on_lifecycle)
    counts = {OfferTallied: on_tally, UnitStated: on_unit, RefusalTallied: on_refusal}
    return Inbox(Consumer.OUTCOMES, {**handlers, **counts})


def on_lifecycle(session: Session, _: datetime, envelope: Envelope) -> None:
    """Fold the event into the figures; only its own time counts, so a rebuild agrees."""
    event = lifecycle_event(envelope)
    with about(referral_id=event.snapshot.referral_id):
        observed = Observed(
            referral=referral_of(event.snapshot),
            at=envelope.time,
            step=_step(event, envelope.time) if isinstance(event, OfferEvent) else None,
            outcome=getattr(event, "outcome", None),
            handoff=_handoff(event) if isinstance(event, ReferralHandedOver) else None,
            held=isinstance(event, lifecycle.ReferralDeferred) and event.held,
            erased=isinstance(event, consents.PersonErased),
        )
        measure(session, observed)
        if observed.erased:
            scrub_after(session)


def on_tally(session: Session, _: datetime, envelope: Envelope) -> None:
    """Count the no; training counts nowhere."""
    event = cast("OfferTallied", envelope.event)
    if not event.training:
        tally(session, envelope.time, event.sector, event.entry_door)


def on_unit(session: Session, _: datetime, envelope: Envelope) -> None:
    """Keep whether the unit trains."""
    event = cast("UnitStated", envelope.event)
    firewall.put_unit(session, event.unit_id, training=event.training)


def on_refusal(session: Session, _: datetime, envelope: Envelope) -> None:
    """Keep what officers of a unit were refused, by the service that refused it."""
    event = cast("RefusalTallied", envelope.event)
    refused = Refused(event.unit_id, event.kind, event.since, event.count)
    firewall.put(session, TOPICS[envelope.topic].producer, [refused])


def _handoff(event: ReferralHandedOver) -> Handoff:
    return Handoff(
        handoff_kind=event.handoff_kind,
        called_at=event.called_at,
        arrived_at=event.arrived_at,
        left_at=event.left_at,
    )


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
        over_capacity=getattr(event, "over_capacity", False),
    )
