"""A holder's answer to a revocation, and the reminders of those who give none."""

from contracts.events.consents import RevocationAcknowledged, RevocationOverdue
from contracts.problems import ConflictError
from contracts.vocabulary import Attention
from services.referral_api.store import consents
from services.referral_api.usecases.lifecycle import Command
from services.referral_api.usecases.offered import OfferCommand


def acknowledge_revocation(on: OfferCommand) -> OfferCommand:
    """Record that the agency no longer uses what it knows; raises ConflictError."""
    command, offer = on.command, on.offer
    if offer.revoked_at is None:
        raise ConflictError("no consent was revoked that this offer would have to honour")
    if offer.revocation_acknowledged_at is not None:
        raise ConflictError("the revocation has been acknowledged already")
    offer.revocation_acknowledged_at, offer.revocation_reminder_at = command.now, None
    command.offer_event(RevocationAcknowledged, offer)
    held = consents.held_offers(command.session, command.referral.id)
    if all(one.revoked_at is None or one.revocation_acknowledged_at for one in held):
        command.settle(Attention.HOLDER_SILENT)
    return on.publish("revocation.acknowledge")


def remind(command: Command) -> int:
    """Tell of every holder that is silent past its deadline; returns how many there still are."""
    late = [
        offer
        for offer in consents.held_offers(command.session, command.referral.id)
        if offer.revocation_reminder_at is not None and offer.revocation_reminder_at <= command.now
    ]
    rules = command.desk.consent_rules
    for offer in late:
        again = rules.acknowledge_by(command.referral.urgency, command.now)
        offer.revocation_reminder_at = again
        command.offer_event(RevocationOverdue, offer, deadline_at=offer.revocation_due_at)
    if late:
        command.attend(Attention.HOLDER_SILENT)
        command.publish("revocation.overdue", offers=[str(offer.id) for offer in late])
    return len(late)
