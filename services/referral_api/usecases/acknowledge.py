"""Acknowledge an offer: the agency has seen it; the deadline stands."""

from contracts.events.lifecycle import OfferAcknowledged
from services.referral_api.domain.offer import Step
from services.referral_api.usecases.offered import OfferCommand


def acknowledge(on: OfferCommand) -> OfferCommand:
    """Mark the offer seen; raises ConflictError, also where the consent has expired."""
    on.take(Step.ACKNOWLEDGE)
    on.check_consent()
    on.command.offer_event(OfferAcknowledged, on.offer)
    return on.publish("offer.acknowledge")
