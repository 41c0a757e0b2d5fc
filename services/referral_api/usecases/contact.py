"""Record that an agency tried to reach the person."""

from datetime import datetime

from contracts.events.lifecycle import ContactAttempted
from contracts.problems import ConflictError, InvalidError
from contracts.vocabulary import ContactMode
from services.chassis.ids import uuid7
from services.referral_api.domain.offer import HOLDING
from services.referral_api.tables import ContactAttempt
from services.referral_api.usecases.offered import OfferCommand


def contact(
    on: OfferCommand, mode: ContactMode, attempted_at: datetime | None, *, reached: bool
) -> OfferCommand:
    """Add a dated record; raises ConflictError, or InvalidError for a time that cannot be."""
    command, offer = on.command, on.offer
    if offer.state not in HOLDING or offer.answered_at is None:
        raise ConflictError(f"only an agency that has accepted contacts; this is {offer.state}")
    at = attempted_at or command.now
    if not offer.answered_at <= at <= command.now:
        raise InvalidError("attempted_at", "must lie between the acceptance and now")
    row = ContactAttempt(
        id=uuid7(command.now),
        offer_id=offer.id,
        mode=mode,
        reached=reached,
        attempted_at=at,
        recorded_at=command.now,
    )
    command.session.add(row)
    command.offer_event(ContactAttempted, offer, mode=mode, reached=reached, attempted_at=at)
    return on.publish("offer.contact")
