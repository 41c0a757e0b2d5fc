"""Decline an offer, before or after accepting: the next program is asked, or the person is done."""

from contracts.events.lifecycle import OfferDeclined
from contracts.vocabulary import Reason, Side
from services.referral_api.domain import offer
from services.referral_api.domain.offer import HOLDING
from services.referral_api.usecases.offered import OfferCommand
from services.referral_api.usecases.say_no import say_no


def decline(on: OfferCommand, reason: Reason, side: Side, note: str | None) -> OfferCommand:
    """Say no to the offer; raises ConflictError."""
    held = on.offer.state in HOLDING
    on.take(offer.Step.DECLINE)
    if not held:
        on.offer.answered_at = on.command.now
    on.command.offer_event(OfferDeclined, on.offer, reason=reason, side=side, after_acceptance=held)
    say_no(on, reason, side, note)
    return on.publish("offer.decline")
