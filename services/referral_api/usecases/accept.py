"""Accept an offer: one agency wins the referral, every other offer is taken back."""

from contracts.events.lifecycle import OfferAccepted
from contracts.vocabulary import RescindReason
from services.referral_api.domain import offer, referral
from services.referral_api.usecases.offered import OfferCommand


def accept(on: OfferCommand) -> OfferCommand:
    """Take the referral for this agency; raises ConflictError where another won or time did.

    The state decides, not the clock: an accept before the lapse is recorded wins.
    """
    on.take(offer.Step.ACCEPT)
    on.command.move(referral.Step.ACCEPT)
    on.offer.answered_at = on.command.now
    on.command.rescind(on.command.live, RescindReason.PLACED_ELSEWHERE)
    on.command.offer_event(OfferAccepted, on.offer)
    return on.publish("offer.accept")
