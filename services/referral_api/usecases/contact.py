"""Record that an agency tried to reach the person."""

from datetime import datetime

from contracts.events.lifecycle import ContactAttempted
from contracts.problems import ConflictError, InvalidError
from contracts.vocabulary import CONTACTS_OF, ConsentStatus, ContactMode, Role, SafeContact
from services.chassis.ids import uuid7
from services.referral_api.domain.offer import HOLDING
from services.referral_api.tables import ContactAttempt
from services.referral_api.usecases.offered import OfferCommand


def contact(
    on: OfferCommand, mode: ContactMode, attempted_at: datetime | None, *, reached: bool
) -> OfferCommand:
    """Add a dated record; raises ConflictError.

    Raises InvalidError for a time that cannot be, and a way that the person's rule forbids.
    """
    command, offer = on.command, on.offer
    if offer.state not in HOLDING or offer.answered_at is None:
        raise ConflictError(f"only an agency that has accepted contacts; this is {offer.state}")
    at = attempted_at or command.now
    if not offer.answered_at <= at <= command.now:
        raise InvalidError("attempted_at", "must lie between the acceptance and now")
    _check_safe(on, mode)
    row = ContactAttempt(
        id=uuid7(command.now),
        offer_id=offer.id,
        mode=mode,
        reached=reached,
        attempted_at=at,
        recorded_at=command.now,
    )
    command.session.add(row)
    command.progressed()
    command.offer_event(ContactAttempted, offer, mode=mode, reached=reached, attempted_at=at)
    return on.publish("offer.contact")


def _check_safe(on: OfferCommand, mode: ContactMode) -> None:
    """The rule is named to whoever may read it; it binds all the others just as well."""
    command = on.command
    said = command.desk.persons.read(command.session, command.referral.id)
    rule = SafeContact(said["safe_contact"])
    if mode in CONTACTS_OF[rule]:
        return
    reads = command.actor.role is Role.PARTNER and command.consent is ConsentStatus.GIVEN
    why = f": {rule} leaves {', '.join(sorted(CONTACTS_OF[rule]))}" if reads else ""
    raise InvalidError("mode", f"the person may not safely be contacted so{why}")
