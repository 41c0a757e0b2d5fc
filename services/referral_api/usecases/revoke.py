"""Revoke: the person takes the consent back; as of this commit nothing more is disclosed."""

from contracts.events.consents import ConsentRevoked, RevocationAcknowledged, RevocationIssued
from contracts.events.lifecycle import ReferralWithdrawn
from contracts.problems import ConflictError
from contracts.vocabulary import (
    ConsentStatus,
    OfferState,
    Reason,
    RescindReason,
    Role,
    Side,
)
from services.chassis.ids import uuid7
from services.referral_api.domain.offer import UNENDED
from services.referral_api.domain.referral import OPEN, Step
from services.referral_api.store import consents, referrals
from services.referral_api.tables import Offer
from services.referral_api.usecases import record_consent
from services.referral_api.usecases.forget_answers import forget_answers
from services.referral_api.usecases.lifecycle import Command
from services.referral_api.usecases.offered import OfferCommand

# An agency that served the person may still hear from them; one that said no has no part in it.
_MAY_REVOKE = frozenset({*UNENDED, OfferState.COMPLETED})


def revoke(command: Command, note: str | None) -> None:
    """End the consent and, where it goes on, the referral; every holder is told.

    Raises ConflictError where it is revoked already. An officer is told of success then, too: by
    whom else it was revoked is not theirs to learn.
    """
    if _is_revoked(command) and command.actor.role is Role.OFFICER:
        return
    take_back(command)
    command.note(uuid7(command.now), note)
    command.publish("consent.revoke", version=command.referral.consent_version)


def revoke_by_agency(on: OfferCommand, note: str | None) -> OfferCommand:
    """The same by an agency that holds the referral, has its offer, or served the person."""
    if on.offer.state not in _MAY_REVOKE:
        raise ConflictError(f"the person is not with this agency: the offer is {on.offer.state}")
    take_back(on.command)
    on.command.note(uuid7(on.command.now), note)
    return on.publish("consent.revoke", version=on.command.referral.consent_version)


def take_back(command: Command) -> None:
    """What every revocation does; the caller publishes. Raises ConflictError."""
    if _is_revoked(command):
        raise ConflictError("the person's consent has been revoked already")
    version = record_consent.follow(command, ConsentStatus.REVOKED, command.now)
    command.happened(ConsentRevoked, version=version)
    if command.referral.state in OPEN:
        end(command, Reason.CONSENT_REVOKED)
    for offer in consents.newest_of_holders(command.session, command.referral.id):
        _tell(command, offer)
    offers = referrals.all_offers(command.session, [command.referral.id])
    forget_answers(command, [offer.id for offer in offers])


def end(command: Command, reason: Reason) -> None:
    """Take the referral back for the person, with every offer; raises ConflictError."""
    referral = command.referral
    command.move(Step.WITHDRAW)
    referral.reason, referral.side = reason, Side.PERSON
    command.rescind(command.unended, RescindReason.WITHDRAWN)
    command.happened(ReferralWithdrawn, reason=reason)


def _is_revoked(command: Command) -> bool:
    return command.referral.consent_status is ConsentStatus.REVOKED


def _tell(command: Command, offer: Offer) -> None:
    """Start the holder's clock; who records the revocation has acknowledged it by that."""
    rules, urgency = command.desk.consent_rules, command.referral.urgency
    due_at = rules.acknowledge_by(urgency, command.now)
    offer.revoked_at, offer.revocation_due_at = command.now, due_at
    command.offer_event(RevocationIssued, offer, deadline_at=due_at)
    if command.actor.role is Role.PARTNER and command.actor.agency_id == offer.agency_id:
        offer.revocation_acknowledged_at = command.now
        command.offer_event(RevocationAcknowledged, offer)
        return
    offer.revocation_reminder_at = due_at
