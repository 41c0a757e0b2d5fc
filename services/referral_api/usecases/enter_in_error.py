"""Enter in error: the referral should never have been, and leaves every figure."""

from contracts.events.lifecycle import ReferralEnteredInError
from contracts.vocabulary import RescindReason
from services.chassis.ids import uuid7
from services.referral_api.domain.referral import Step
from services.referral_api.usecases.lifecycle import Command


def enter_in_error(command: Command, note: str) -> None:
    """End the record, even one that had ended; raises ConflictError where it is so already."""
    command.move(Step.ENTER_IN_ERROR)
    command.rescind(command.unended, RescindReason.ENTERED_IN_ERROR)
    command.note(uuid7(command.now), note)
    command.happened(ReferralEnteredInError)
    command.publish("referral.enter_in_error")
