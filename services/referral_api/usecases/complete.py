"""Complete: the program is done, and the referral ends with what came of it."""

from contracts.events.lifecycle import OfferCompleted
from contracts.vocabulary import Outcome
from services.referral_api.domain import offer, referral
from services.referral_api.usecases.offered import OfferCommand


def complete(on: OfferCommand, outcome: Outcome) -> OfferCommand:
    """Record the outcome and close the referral; raises ConflictError."""
    on.take(offer.Step.COMPLETE)
    on.offer.outcome = outcome
    on.command.offer_event(OfferCompleted, on.offer, outcome=outcome)
    on.command.close(referral.Step.CLOSE, outcome)
    return on.publish("offer.complete")
