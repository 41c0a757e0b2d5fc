"""Reading offers: one, whose referral it is, and the pages that agencies work through."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import not_, select
from sqlalchemy.orm import Session

from services.chassis.pages import Page, cut, page_of
from services.referral_api.tables import IS_LIVE, Offer, Referral


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer beside the referral that it is of."""

    offer: Offer
    referral: Referral

    @property
    def deadline_at(self) -> datetime:
        """The first part of the sort key."""
        return self.offer.deadline_at

    @property
    def id(self) -> UUID:
        """The second part of the sort key."""
        return self.offer.id


def whose(session: Session, offer_id: UUID) -> tuple[UUID, str] | None:
    """The referral and the agency of an offer; neither ever changes."""
    query = select(Offer.referral_id, Offer.agency_id).where(Offer.id == offer_id)
    row = session.execute(query).first()
    return None if row is None else (row.referral_id, row.agency_id)


def find(session: Session, offer_id: UUID) -> Offered | None:
    """One offer and its referral, not locked."""
    query = select(Offer, Referral).join(Referral, Referral.id == Offer.referral_id)
    row = session.execute(query.where(Offer.id == offer_id)).first()
    return None if row is None else Offered(*row)


def page(
    session: Session,
    agency_id: str | None,
    filters: dict[str, Any],
    after: str | None,
    limit: int,
) -> Page:
    """Offers by deadline: one agency's, or all; ``filters`` may name state and live."""
    query: Any = select(Offer, Referral).join(Referral, Referral.id == Offer.referral_id)
    if agency_id is not None:
        query = query.where(Offer.agency_id == agency_id)
    if filters.get("state") is not None:
        query = query.where(Offer.state == filters["state"])
    if filters.get("live") is not None:
        query = query.where(IS_LIVE if filters["live"] else not_(IS_LIVE))
    rows = session.execute(page_of(query, [Offer.deadline_at, Offer.id], after, limit)).all()
    return cut([Offered(*row) for row in rows], ["deadline_at", "id"], limit)
