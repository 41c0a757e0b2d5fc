"""Withdraw: the person takes the referral back; where consent is revoked, in this same command."""

from contracts.events.lifecycle import ReferralWithdrawn
from contracts.vocabulary import Reason, RescindReason, Side
from services.chassis.ids import uuid7
from services.referral_api.domain.referral import Step
from services.referral_api.store import referrals
from services.referral_api.usecases.lifecycle import Command


def withdraw(command: Command, reason: Reason, note: str | None) -> None:
    """End the referral and take back every offer, an accepted one too; raises ConflictError."""
    referral = command.referral
    command.move(Step.WITHDRAW)
    referral.reason, referral.side = reason, Side.PERSON
    command.rescind(command.unended, RescindReason.WITHDRAWN)
    if reason is Reason.CONSENT_REVOKED:
        referrals.consent(command.session, referral.id).revoked_at = command.now
    command.note(uuid7(command.now), note)
    command.happened(ReferralWithdrawn, reason=reason)
    command.publish("referral.withdraw")
