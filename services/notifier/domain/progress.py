"""How far a referral came: the fold of its events, in order, that every figure is taken from."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from contracts.vocabulary import (
    AgeBand,
    EntryDoor,
    HandoffKind,
    Origin,
    Outcome,
    Reason,
    ReferralState,
    Sector,
    Side,
    Urgency,
)
from services.notifier.domain.referral import ENDED, Referral


class OfferStep(StrEnum):
    """What can happen to an offer."""

    MADE = "made"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"
    RESCINDED = "rescinded"
    CONTACTED = "contacted"
    ENGAGED = "engaged"
    COMPLETED = "completed"
    NOT_SERVED = "not_served"
    REVOCATION_ISSUED = "revocation_issued"
    REVOCATION_OVERDUE = "revocation_overdue"
    REVOCATION_ACKNOWLEDGED = "revocation_acknowledged"


ANSWERS: Final = frozenset(
    {OfferStep.ACCEPTED, OfferStep.DECLINED, OfferStep.LAPSED, OfferStep.RESCINDED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event on one offer; ``at`` is when it happened."""

    kind: OfferStep
    at: datetime
    offer_id: UUID
    agency_id: str
    reason: Reason | None = None
    side: Side | None = None
    over_capacity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferProgress:
    """How far one offer came; ``answer`` is its first and only, ``returned`` came after it."""

    offer_id: UUID
    agency_id: str
    made_at: datetime
    answer: OfferStep | None = None
    answered_at: datetime | None = None
    reason: Reason | None = None
    side: Side | None = None
    contacted_at: datetime | None = None
    engaged_at: datetime | None = None
    completed: bool = False
    returned: bool = False
    revocation_issued_at: datetime | None = None
    revocation_overdue: bool = False
    revocation_acknowledged_at: datetime | None = None
    over_capacity: bool = False

    @property
    def revocation_open(self) -> bool:
        """Whether a revoked consent still waits for the agency's acknowledgement."""
        told, said = self.revocation_issued_at, self.revocation_acknowledged_at
        return told is not None and said is None

    @property
    def accepted_at(self) -> datetime | None:
        """When the agency took the referral; None where it did not."""
        return self.answered_at if self.answer is OfferStep.ACCEPTED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """What an officer recorded of the handoff, as it stands; of a protected need nothing."""

    handoff_kind: HandoffKind | None = None
    called_at: datetime | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a referral came, with the facts that the figures are broken down by."""

    referral_id: UUID
    state: ReferralState
    submitted_at: datetime
    occurred_at: datetime | None
    sector: Sector
    urgency: Urgency
    entry_door: EntryDoor | None
    language: str | None
    age_band: AgeBand
    training: bool
    origin: Origin
    outcome: Outcome | None = None
    closed_at: datetime | None = None
    waitlisted: bool = False
    unplaced: bool = False
    held: bool = False
    handoff_kind: HandoffKind | None = None
    called_at: datetime | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    offers: tuple[OfferProgress, ...] = ()

    @property
    def dated(self) -> datetime:
        """When it happened: rows of the past stand in the month that they are of."""
        return self.occurred_at or self.submitted_at

    @property
    def counted(self) -> bool:
        """Training and what was entered in error stay out of every figure."""
        return not self.training and self.state is not ReferralState.ENTERED_IN_ERROR

    @property
    def open(self) -> bool:
        """Whether somebody still has to act on it."""
        return self.state not in ENDED

    @property
    def handoff(self) -> HandoffKind | None:
        """How the person was handed over; nobody came in person before they arrived."""
        promised = self.handoff_kind is HandoffKind.IN_PERSON and self.arrived_at is None
        return None if promised else self.handoff_kind

    @property
    def arrival_took(self) -> timedelta | None:
        """From the call to the arrival, where both were recorded."""
        called, arrived = self.called_at, self.arrived_at
        return None if called is None or arrived is None else arrived - called

    @property
    def agency_id(self) -> str | None:
        """The agency that accepted it last, else the one that it was offered to last."""
        accepted = [o for o in self.offers if o.accepted_at is not None]
        if accepted:
            return max(accepted, key=lambda o: o.answered_at or o.made_at).agency_id
        return self.offers[-1].agency_id if self.offers else None


def fold(
    before: Progress | None,
    referral: Referral,
    at: datetime,
    step: Step | None = None,
    outcome: Outcome | None = None,
) -> Progress:
    """The progress after one more event at ``at``; facts are the newest, stages the first."""
    fresh = before or _begin(referral)
    closed = referral.state is ReferralState.CLOSED
    return replace(
        fresh,
        state=referral.state,
        occurred_at=referral.occurred_at,
        sector=referral.sector,
        urgency=referral.urgency,
        entry_door=referral.entry_door,
        language=referral.language,
        age_band=referral.age_band,
        training=referral.training,
        origin=referral.origin,
        outcome=outcome or fresh.outcome,
        closed_at=(fresh.closed_at or at) if closed else None,
        waitlisted=fresh.waitlisted or referral.state is ReferralState.WAITLISTED,
        unplaced=fresh.unplaced or referral.state is ReferralState.UNPLACED,
        offers=_with(fresh.offers, step) if step else fresh.offers,
    )


def handed_over(progress: Progress, handoff: Handoff) -> Progress:
    """The progress with what stands of the handoff now in place of what stood before."""
    return replace(progress, **asdict(handoff))


def held_back(progress: Progress) -> Progress:
    """The progress of a referral for which a place was kept from it, for who is more urgent."""
    return replace(progress, held=True)


def forgotten(progress: Progress) -> Progress:
    """The progress of an erased person: how they came goes, the times stay, for totals stay."""
    return replace(progress, handoff_kind=None)


def _begin(referral: Referral) -> Progress:
    return Progress(
        referral_id=referral.referral_id,
        state=referral.state,
        submitted_at=referral.submitted_at,
        occurred_at=referral.occurred_at,
        sector=referral.sector,
        urgency=referral.urgency,
        entry_door=referral.entry_door,
        language=referral.language,
        age_band=referral.age_band,
        training=referral.training,
        origin=referral.origin,
    )


def _with(offers: tuple[OfferProgress, ...], step: Step) -> tuple[OfferProgress, ...]:
    if all(offer.offer_id != step.offer_id for offer in offers):
        made = OfferProgress(
            offer_id=step.offer_id,
            agency_id=step.agency_id,
            made_at=step.at,
            over_capacity=step.over_capacity,
        )
        offers = (*offers, made)
    return tuple(_moved(o, step) if o.offer_id == step.offer_id else o for o in offers)


def _moved(offer: OfferProgress, step: Step) -> OfferProgress:
    if step.kind in _REVOCATION:
        return _revoked(offer, step)
    if step.kind is OfferStep.CONTACTED:
        return replace(offer, contacted_at=offer.contacted_at or step.at)
    if step.kind is OfferStep.ENGAGED:
        return replace(offer, engaged_at=offer.engaged_at or step.at)
    if offer.answer is None and step.kind in ANSWERS:
        said = replace(offer, answer=step.kind, answered_at=step.at)
        return replace(said, reason=step.reason, side=step.side)
    if step.kind is OfferStep.COMPLETED:
        return replace(offer, completed=True)
    given_back = step.kind in {OfferStep.DECLINED, OfferStep.NOT_SERVED}
    return replace(offer, returned=True) if given_back and step.side is Side.PROVIDER else offer


_REVOCATION: Final = frozenset(
    {
        OfferStep.REVOCATION_ISSUED,
        OfferStep.REVOCATION_OVERDUE,
        OfferStep.REVOCATION_ACKNOWLEDGED,
    }
)


def _revoked(offer: OfferProgress, step: Step) -> OfferProgress:
    """The revocation of a consent, as far as this holder goes; its reminders count once."""
    if step.kind is OfferStep.REVOCATION_ISSUED:
        return replace(offer, revocation_issued_at=offer.revocation_issued_at or step.at)
    if step.kind is OfferStep.REVOCATION_OVERDUE:
        return replace(offer, revocation_overdue=True)
    return replace(offer, revocation_acknowledged_at=step.at)
