"""Accept an offer: one agency wins the referral, every other offer is taken back."""

from contracts.events.lifecycle import OfferAccepted
from contracts.vocabulary import RescindReason
from services.referral_api.domain import offer, referral
from services.referral_api.usecases.offered import OfferCommand


def accept(on: OfferCommand) -> OfferCommand:
    """Take the referral for this agency; raises ConflictError where another won or time did.

    Nor is a place taken for a person whose consent has expired.

    The state decides, not the clock: an accept before the lapse is recorded wins.
    """
    on.take(offer.Step.ACCEPT)
    on.offer.answered_at = on.offer.held_at = on.command.now
    on.check_consent()
    on.command.move(referral.Step.ACCEPT)
    on.command.rescind(on.command.live, RescindReason.PLACED_ELSEWHERE)
    on.command.offer_event(OfferAccepted, on.offer)
    return on.publish("offer.accept")
