"""Make an offer: the referral is put to one program, to be answered by a deadline."""

from contracts.events.lifecycle import OfferMade
from contracts.events.routing import Choice
from contracts.vocabulary import SECTOR_OF, OfferState
from services.chassis.ids import uuid7
from services.referral_api.tables import Offer
from services.referral_api.usecases.lifecycle import Command


def make_offer(command: Command, choice: Choice, *, over_capacity: bool = False) -> None:
    """Put the referral to a program; the step that allows it is the caller's to take."""
    referral, now = command.referral, command.now
    deadlines = command.desk.deadlines
    offer = Offer(
        id=uuid7(now),
        referral_id=referral.id,
        program_id=choice.program_id,
        agency_id=choice.agency_id,
        directory_version=choice.directory_version,
        attempt=referral.attempt,
        need=referral.need,
        urgency=referral.urgency,
        state=OfferState.OPEN,
        offered_at=now,
        deadline_at=deadlines.answer_by(SECTOR_OF[referral.need], referral.urgency, now),
        over_capacity=over_capacity,
        questions=list(choice.questions),
    )
    command.session.add(offer)
    command.offers.append(offer)
    told = {"attempt": offer.attempt, "deadline_at": offer.deadline_at}
    command.offer_event(OfferMade, offer, **told, over_capacity=over_capacity)
