"""Opening an offer for an agency's step: whose it is, its referral's lock, and a fresh look."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.problems import NotFoundError
from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.referral_api.domain import consent
from services.referral_api.domain.offer import Step
from services.referral_api.store import offers as store
from services.referral_api.store import sight
from services.referral_api.tables import Offer, Referral
from services.referral_api.usecases.lifecycle import Command, Desk, load_one


@dataclass(frozen=True, slots=True)
class OfferCommand:
    """A command on a referral, by way of one of its offers, ended or not."""

    command: Command
    offer: Offer

    def take(self, step: Step) -> None:
        """Take a step of the offer's table; raises ConflictError."""
        self.command.end(self.offer, step)

    def check_consent(self) -> None:
        """Raise ConflictError where the person's consent is over.

        An offer of somebody who cannot consent now goes on: whoever accepts asks them first.
        """
        consent.check_goes_on(self.command.consent)

    def publish(self, action: str, **detail: Any) -> "OfferCommand":
        """Publish and audit, naming the offer."""
        self.command.publish(action, offer=str(self.offer.id), **detail)
        return self


def open_offer(
    session: Session, desk: Desk, offer_id: UUID, clock: Callable[[], datetime], actor: Actor
) -> OfferCommand:
    """Lock an offer's referral; raises NotFoundError where the offer is not this actor's.

    The offer is found in the caller's own view. From then on the transaction sees every agency's
    rows, for a step may take back the offers that others have of the same referral; each statement
    after it names that referral, or an offer of it, and reads and writes nothing of another.
    """
    found = store.whose(session, offer_id)
    if found is None:
        raise NotFoundError("offer")
    referral_id, agency_id = found
    check_is_theirs(agency_id, actor)
    sight.widen(session)
    command = load_one(session, desk, referral_id, clock, actor)
    unended = {offer.id: offer for offer in command.offers}
    offer = unended.get(offer_id) or session.get_one(Offer, offer_id)
    return OfferCommand(command, offer)


def check_is_theirs(agency_id: str, actor: Actor) -> None:
    """Raise NotFoundError where a partner asks for another agency's offer."""
    if actor.role is Role.PARTNER and actor.agency_id != agency_id:
        raise NotFoundError("offer")


def find(session: Session, offer_id: UUID, actor: Actor) -> tuple[Offer, Referral]:
    """An offer and its referral to read; raises NotFoundError."""
    found = store.find(session, offer_id)
    if found is None:
        raise NotFoundError("offer")
    check_is_theirs(found.offer.agency_id, actor)
    return found.offer, found.referral
