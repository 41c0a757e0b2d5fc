"""The referral as its events show it: what telling and measuring need to know of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.vocabulary import AgeBand, EntryDoor, Origin, ReferralState, Sector, Urgency

ENDED: Final = frozenset(
    {ReferralState.CLOSED, ReferralState.WITHDRAWN, ReferralState.ENTERED_IN_ERROR}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A referral put to one program of one agency; only a live one has its deadline known."""

    offer_id: UUID
    program_id: str
    agency_id: str
    deadline_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """A referral as of one event; ``live`` = offers that may still be accepted.

    ``occurred_at`` is the day of an imported row of the past, and None for a live one.
    """

    referral_id: UUID
    reference: str
    state: ReferralState
    submitted_at: datetime
    sector: Sector
    urgency: Urgency
    occurred_at: datetime | None = None
    entry_door: EntryDoor | None = None
    language: str | None = None
    age_band: AgeBand = AgeBand.UNKNOWN
    training: bool = False
    origin: Origin = Origin.LIVE
    live: tuple[Offer, ...] = ()
    holder: Offer | None = None

    @property
    def open(self) -> bool:
        """Whether somebody still has to act on it."""
        return self.state not in ENDED

    def is_with(self, offer_id: UUID | None) -> bool:
        """Whether this offer may still be accepted, or is the one that holds the referral."""
        held = self.holder is not None and self.holder.offer_id == offer_id
        return held or self.is_live(offer_id)

    def is_live(self, offer_id: UUID | None) -> bool:
        """Whether this offer may still be accepted."""
        return any(offer.offer_id == offer_id for offer in self.live)
