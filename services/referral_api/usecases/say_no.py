"""Say no: what follows from any agency's no, by the side on which its reason lies."""

from contracts.vocabulary import Outcome, Reason, ReferralState, Side
from services.referral_api.domain.offer import Refused
from services.referral_api.domain.referral import Step
from services.referral_api.usecases.offered import OfferCommand


def say_no(on: OfferCommand, reason: Reason, side: Side, note: str | None) -> None:
    """Close the referral for a person's no; for a provider's, ask on when nobody is left."""
    command = on.command
    on.offer.reason, on.offer.side = reason, side
    command.note(on.offer.id, note)
    if side is Side.PERSON:
        command.close(Step.CLOSE_FOR_PERSON, Outcome.NOT_SERVED, reason, side)
        return
    command.refuse(on.offer.program_id, Refused.DECLINED)
    if command.referral.state is ReferralState.ACCEPTED:
        command.open_attempt(Step.RETURN)
    elif not command.live:
        command.open_attempt(Step.RETRY)
