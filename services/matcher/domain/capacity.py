"""Places: an agency's statement, and how many of the stated places are taken since."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# Beds change hands daily: what was said longer ago than this is no answer any more, and one asks.
STALE_AFTER: Final = timedelta(hours=72)


class StatedBy(StrEnum):
    """Who stated a capacity: the agency itself, or the directory that was imported."""

    AGENCY = "agency"
    IMPORT = "import"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """``available`` places as of ``stated_at``; acceptances after ``counts_from`` take one each."""

    available: int
    maximum: int | None
    stated_at: datetime
    counts_from: datetime
    accepted_counted: bool
    stated_by: StatedBy


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A program took a referral at ``accepted_at``; ``ended_at`` None = it still holds it.

    ``over_capacity``: beside the stated places, for a coordinator insisted.
    """

    accepted_at: datetime
    ended_at: datetime | None = None
    over_capacity: bool = False


def counts_from(stated_at: datetime, allowance: timedelta) -> datetime:
    """From when acceptances count: the statement less clock skew and the longest request.

    An acceptance that close to the statement may be in it or not; counting it errs safe.
    """
    return stated_at - allowance


def is_stale(stated_at: datetime, at: datetime) -> bool:
    """Whether a statement is too old to rely on at a moment."""
    return stated_at < at - STALE_AFTER


def takes_a_place(acceptance: Acceptance, statement: Statement) -> bool:
    """Whether an acceptance takes one of the stated places; by its times, never by arrival.

    One beyond the stated places takes none, until a later statement that does not count accepted
    people: whoever was there by then is in one of its places, however they came.
    """
    if acceptance.accepted_at > statement.counts_from and not acceptance.over_capacity:
        return True
    ended = acceptance.ended_at
    there = acceptance.accepted_at <= statement.stated_at and (
        ended is None or ended > statement.stated_at
    )
    return there and not statement.accepted_counted


def taken(statement: Statement, reservations: int, acceptances: Iterable[Acceptance]) -> int:
    """How many of the stated places are gone; more than there are, once lowered.

    ``reservations`` are those within the stated places alone.
    """
    return reservations + sum(takes_a_place(a, statement) for a in acceptances)
