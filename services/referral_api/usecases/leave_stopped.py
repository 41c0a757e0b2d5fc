"""Leave a stopped program: its open offers go elsewhere, its accepted people to the coordinator."""

from contracts.vocabulary import Attention, RescindReason
from services.referral_api.domain.referral import Step
from services.referral_api.store import stopped
from services.referral_api.tables import Offer
from services.referral_api.usecases.lifecycle import Command


def leave_stopped(command: Command) -> int:
    """Take back the live offers to programs that are paused or closed; returns how many.

    That is no program's no: once it takes referrals again it may be asked again.
    """
    stranded = {offer: why for offer in command.live if (why := _why_stopped(command, offer))}
    for offer, why in stranded.items():
        command.rescind([offer], why)
    if stranded:
        if not command.live:
            command.open_attempt(Step.RETRY)
        command.publish("offer.leave_stopped", offers=[str(offer.id) for offer in stranded])
    return len(stranded)


def hand_over_held(command: Command) -> int:
    """Give the coordinator a referral whose program closed; returns 0 where nothing is to do."""
    holder = command.holder
    known = Attention.AGENCY_CLOSED in command.attentions
    if holder is None or known or _why_stopped(command, holder) is not RescindReason.PROGRAM_CLOSED:
        return 0
    command.attend(Attention.AGENCY_CLOSED)
    command.publish("referral.holder_closed", program=holder.program_id, agency=holder.agency_id)
    return 1


def _why_stopped(command: Command, offer: Offer) -> RescindReason | None:
    """Only an entry newer than the one that the offer was made by can have stopped it."""
    program = stopped.program(command.session, offer.program_id)
    if program is None or program.version <= (offer.directory_version or 0):
        return None
    if not program.active:
        return RescindReason.PROGRAM_CLOSED
    return RescindReason.PROGRAM_PAUSED if program.paused else None
