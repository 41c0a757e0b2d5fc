"""Not served: the agency had accepted and could not serve, or the person went another way."""

from contracts.events.lifecycle import OfferNotServed
from contracts.vocabulary import Reason, Side
from services.referral_api.domain import offer
from services.referral_api.usecases.offered import OfferCommand
from services.referral_api.usecases.say_no import say_no


def not_served(on: OfferCommand, reason: Reason, side: Side, note: str | None) -> OfferCommand:
    """Give the referral back, or end it; raises ConflictError."""
    on.take(offer.Step.NOT_SERVE)
    on.command.offer_event(OfferNotServed, on.offer, reason=reason, side=side)
    say_no(on, reason, side, note)
    return on.publish("offer.not_served")
