"""Engage: the person and the program have begun."""

from contracts.events.lifecycle import OfferEngaged
from services.referral_api.domain.offer import Step
from services.referral_api.usecases.offered import OfferCommand


def engage(on: OfferCommand) -> OfferCommand:
    """Record the beginning; raises ConflictError."""
    on.take(Step.ENGAGE)
    on.command.progressed()
    on.command.offer_event(OfferEngaged, on.offer)
    return on.publish("offer.engage")
