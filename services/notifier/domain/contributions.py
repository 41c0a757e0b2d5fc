"""What one referral or tally adds to the figures: pure, so that live and rebuilt ones agree."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from contracts.vocabulary import GOT_HELP, EntryDoor, Origin, Reason, ReferralState, Sector, Side
from services.notifier.domain.measures import (
    IN_TIME_MINUTES,
    NO_AGENCY,
    UNKNOWN,
    WHOLE,
    Dimension,
    Interval,
    Measure,
    of_outcome,
)
from services.notifier.domain.progress import OfferProgress, OfferStep, Progress


class CountCell(NamedTuple):
    """One cell of the counts."""

    dimension: str
    month: str
    value: str
    measure: str


class TimeCell(NamedTuple):
    """One cell of the exact frequency tables: so many took so many minutes."""

    dimension: str
    month: str
    value: str
    interval: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Contributions:
    """How much is in each cell; differences may be negative, and hold no zeros."""

    counts: Counter[CountCell] = field(default_factory=Counter)
    times: Counter[TimeCell] = field(default_factory=Counter)


Facts = dict[Dimension, str]
Span = tuple[Interval, datetime | None, datetime | None]
Cell = TypeVar("Cell", CountCell, TimeCell)


def month_of(moment: datetime) -> str:
    """The month of a moment in UTC: YYYY-MM."""
    return moment.astimezone(UTC).strftime("%Y-%m")


def contributions(progress: Progress | None) -> Contributions:
    """Every cell that a referral counts in; none where it counts in no figure."""
    found = Contributions()
    if progress is None or not progress.counted:
        return found
    month, facts = month_of(progress.dated), _facts(progress)
    for measure in _of_referral(progress):
        _count(found, month, facts, measure)
    for offer in progress.offers:
        its = facts | {Dimension.AGENCY: offer.agency_id}
        for measure in _of_offer(offer):
            _count(found, month, its, measure)
    if progress.origin is not Origin.IMPORTED:
        _time(found, progress, month, facts)
    return found


def of_tally(at: datetime, sector: Sector, entry_door: EntryDoor) -> Contributions:
    """The cells of one person's no: it has no agency, and tells no more of the person."""
    found = Contributions()
    facts = dict.fromkeys(Dimension, UNKNOWN) | {
        Dimension.ALL: WHOLE,
        Dimension.SECTOR: sector.value,
        Dimension.ENTRY_DOOR: entry_door.value,
        Dimension.AGENCY: NO_AGENCY,
    }
    _count(found, month_of(at), facts, Measure.SAID_NO)
    return found


def difference(old: Contributions, new: Contributions) -> Contributions:
    """What turns the old cells into the new."""
    return Contributions(_less(new.counts, old.counts), _less(new.times, old.times))


def _less(new: Counter[Cell], old: Counter[Cell]) -> Counter[Cell]:
    """Unlike ``new - old``, keeps what is negative."""
    found = Counter(new)
    found.subtract(old)
    return Counter({cell: count for cell, count in found.items() if count})


def _facts(progress: Progress) -> Facts:
    door = progress.entry_door
    return {
        Dimension.ALL: WHOLE,
        Dimension.SECTOR: progress.sector.value,
        Dimension.AGENCY: progress.agency_id or NO_AGENCY,
        Dimension.URGENCY: progress.urgency.value,
        Dimension.ENTRY_DOOR: door.value if door else UNKNOWN,
        Dimension.LANGUAGE: progress.language or UNKNOWN,
        Dimension.AGE_BAND: progress.age_band.value,
        Dimension.HANDOFF: progress.handoff or UNKNOWN,
    }


def _of_referral(progress: Progress) -> Iterator[str]:
    accepted = any(offer.accepted_at for offer in progress.offers)
    closed = progress.state is ReferralState.CLOSED
    held = {
        Measure.SUBMITTED: True,
        Measure.OFFERED: bool(progress.offers),
        Measure.ACCEPTED: accepted,
        Measure.FIRST_CONTACT: any(offer.contacted_at for offer in progress.offers),
        Measure.ENGAGED: any(o.engaged_at or o.completed for o in progress.offers),
        Measure.CLOSED: closed,
        Measure.REPORTED: closed and bool(progress.offers),
        Measure.GOT_HELP: closed and progress.outcome in GOT_HELP,
        Measure.OPEN: progress.open,
        Measure.WITHDRAWN: progress.state is ReferralState.WITHDRAWN,
        Measure.WAITLISTED_EVER: progress.waitlisted,
        Measure.UNPLACED_EVER: progress.unplaced,
        Measure.HELD_EVER: progress.held,
        Measure.NO_CAPACITY: not accepted and _met_no_room(progress),
        Measure.HANDOFFS_IN_PERSON: progress.arrived_at is not None,
        Measure.HANDOFFS_TIMED: progress.arrival_took is not None,
        Measure.HANDOFFS_IN_TIME: _arrived_in_time(progress),
    }
    yield from (measure for measure, holds in held.items() if holds)
    if closed and progress.outcome:
        yield of_outcome(progress.outcome)


def _met_no_room(progress: Progress) -> bool:
    return progress.waitlisted or any(o.reason is Reason.NO_CAPACITY for o in progress.offers)


def _arrived_in_time(progress: Progress) -> bool:
    took = progress.arrival_took
    return took is not None and took <= timedelta(minutes=IN_TIME_MINUTES)


def _of_offer(offer: OfferProgress) -> Iterator[str]:
    declined = offer.answer is OfferStep.DECLINED
    held = {
        Measure.OFFERS_MADE: True,
        Measure.OFFERS_OVER_CAPACITY: offer.over_capacity,
        Measure.OFFERS_OPEN: offer.answer is None,
        Measure.OFFERS_ACCEPTED: offer.answer is OfferStep.ACCEPTED,
        Measure.OFFERS_DECLINED: declined,
        Measure.OFFERS_DECLINED_BY_PERSON: declined and offer.side is Side.PERSON,
        Measure.OFFERS_LAPSED: offer.answer is OfferStep.LAPSED,
        Measure.OFFERS_RETURNED: offer.returned,
        Measure.REVOCATIONS: offer.revocation_issued_at is not None,
        Measure.REVOCATIONS_OPEN: offer.revocation_open,
        Measure.REVOCATIONS_OVERDUE: offer.revocation_open and offer.revocation_overdue,
    }
    yield from (measure for measure, holds in held.items() if holds)


def _count(found: Contributions, month: str, facts: Facts, measure: str) -> None:
    for dimension, value in facts.items():
        found.counts[CountCell(dimension.value, month, value, str(measure))] += 1


def _time(found: Contributions, progress: Progress, month: str, facts: Facts) -> None:
    for span in _of_times(progress):
        _measure(found, month, facts, span)
    for offer in progress.offers:
        its = facts | {Dimension.AGENCY: offer.agency_id}
        for span in _of_offer_times(offer):
            _measure(found, month, its, span)


def _of_times(progress: Progress) -> Iterator[Span]:
    begun, offers = progress.submitted_at, progress.offers
    offered = min((o.made_at for o in offers), default=None)
    accepted = min((o.accepted_at for o in offers if o.accepted_at), default=None)
    yield Interval.SUBMITTED_TO_OFFERED, begun, offered
    yield Interval.SUBMITTED_TO_ACCEPTED, begun, accepted
    yield Interval.SUBMITTED_TO_CLOSED, begun, progress.closed_at
    yield Interval.CALLED_TO_ARRIVED, progress.called_at, progress.arrived_at
    yield Interval.ARRIVED_TO_LEFT, progress.arrived_at, progress.left_at


def _of_offer_times(offer: OfferProgress) -> Iterator[Span]:
    spoke = offer.answer in {OfferStep.ACCEPTED, OfferStep.DECLINED}
    yield Interval.OFFERED_TO_ANSWERED, offer.made_at, offer.answered_at if spoke else None
    yield Interval.ACCEPTED_TO_FIRST_CONTACT, offer.accepted_at, offer.contacted_at
    yield Interval.ACCEPTED_TO_ENGAGED, offer.accepted_at, offer.engaged_at
    told = offer.revocation_issued_at
    yield Interval.REVOKED_TO_ACKNOWLEDGED, told, offer.revocation_acknowledged_at


def _measure(found: Contributions, month: str, facts: Facts, span: Span) -> None:
    interval, start, end = span
    if start is None or end is None:
        return
    # A contact is dated by the agency, all else by the suite; a time is never negative.
    minutes = max(0, int((end - start).total_seconds() // 60))
    for dimension, value in facts.items():
        found.times[TimeCell(dimension.value, month, value, interval.value, minutes)] += 1
