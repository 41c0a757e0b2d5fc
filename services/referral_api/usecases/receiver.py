"""The receiver of a person in a crisis: the program to which an officer brings them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from contracts.vocabulary import PROTECTED_NEEDS, Origin, Urgency
from services.referral_api.domain.deadlines import Deadlines
from services.referral_api.domain.offer import HOLDING, UNENDED
from services.referral_api.domain.places import nearest_address
from services.referral_api.store import directory, handoffs
from services.referral_api.tables import Offer, Program, Referral
from services.referral_api.usecases.read import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Whom to call and where to go; None where nobody has said."""

    program_id: str
    name: str | None
    phone: str | None
    address: str | None


def receiver_of(
    session: Session, seen: Seen, deadlines: Deadlines, now: datetime
) -> Receiver | None:
    """Who receives the person, while an officer who met them in a crisis may still be with them.

    None before an offer is made, once the officer has left or the encounter is over, and for
    what is no crisis. Where people hide from violence there is a telephone, and no address.
    """
    referral, offer = seen.referral, _receiving(seen.offers)
    if offer is None or not is_under_way(session, referral, deadlines, now):
        return None
    program = directory.programs(session, [offer.program_id]).get(offer.program_id)
    return Receiver(
        program_id=offer.program_id,
        name=program.name if program else None,
        phone=program.phone if program else None,
        address=_address(program, referral) if program else None,
    )


def _address(program: Program, referral: Referral) -> str | None:
    hidden = not PROTECTED_NEEDS.isdisjoint({referral.need, *(program.needs or ())})
    return None if hidden else nearest_address(program.places or (), referral.cell)


def _receiving(offers: Sequence[Offer]) -> Offer | None:
    """The program that has the person, else the first of those that were asked."""
    held = (offer for offer in offers if offer.state in HOLDING)
    asked = (offer for offer in offers if offer.state in UNENDED)
    return next(held, None) or next(asked, None)


def is_under_way(session: Session, referral: Referral, deadlines: Deadlines, now: datetime) -> bool:
    """Whether an officer who met somebody in a crisis may still be with them."""
    begun = referral.occurred_at or referral.submitted_at
    if referral.urgency is not Urgency.CRISIS or referral.origin is not Origin.LIVE:
        return False
    handoff = handoffs.find(session, referral.id)
    left = handoff is not None and handoff.left_at is not None
    return not left and deadlines.encounter_is_open(begun, now)
