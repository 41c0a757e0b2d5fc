"""Expire: a consent that ended by itself stops disclosure, and its owner is told."""

from contracts.events.consents import ConsentExpired
from contracts.vocabulary import Attention, ConsentStatus
from services.referral_api.domain.referral import OPEN
from services.referral_api.usecases import record_consent
from services.referral_api.usecases.lifecycle import Command


def expire(command: Command) -> int:
    """Record that the consent is over; returns 0 where it no longer is."""
    referral = command.referral
    ended_at = referral.consent_ends_at
    if ended_at is None or ended_at > command.now:
        return 0
    version = record_consent.follow(command, ConsentStatus.EXPIRED, ended_at)
    command.happened(ConsentExpired, version=version)
    if referral.state in OPEN:
        command.attend(Attention.CONSENT_NEEDED)
    command.publish("consent.expire", version=version)
    return 1
