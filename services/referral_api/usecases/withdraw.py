"""Withdraw: the person takes the referral back; where consent is revoked, in this same command."""

from contracts.vocabulary import Reason
from services.chassis.ids import uuid7
from services.referral_api.domain.referral import Step
from services.referral_api.usecases import revoke
from services.referral_api.usecases.lifecycle import Command


def withdraw(command: Command, reason: Reason, note: str | None) -> None:
    """End the referral and take back every offer, an accepted one too; raises ConflictError."""
    command.after(Step.WITHDRAW)
    if reason is Reason.CONSENT_REVOKED:
        revoke.take_back(command)
    else:
        revoke.end(command, reason)
    command.note(uuid7(command.now), note)
    command.publish("referral.withdraw")
