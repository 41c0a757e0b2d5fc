"""The minutes that everybody has: to answer an offer, and until an owner is reminded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from contracts.vocabulary import ReferralState, Sector, Urgency
from services.referral_api.domain.referral import REVIEWED

Word = TypeVar("Word", bound=StrEnum)
# Twelve hours, as in the bundled file: a shift with its overtime.
ENCOUNTER_MINUTES: Final = 720


@dataclass(frozen=True, slots=True)
class Deadlines:
    """``offers`` by sector and urgency, ``reviews`` by state and urgency; all in minutes.

    ``encounter`` is how long an encounter counts as open, from when it occurred.
    """

    offers: Mapping[tuple[Sector, Urgency], int]
    reviews: Mapping[tuple[ReferralState, Urgency], int]
    encounter: int = ENCOUNTER_MINUTES

    def answer_by(self, sector: Sector, urgency: Urgency, now: datetime) -> datetime:
        """When an offer made now lapses."""
        return now + timedelta(minutes=self.offers[sector, urgency])

    def review_at(self, state: ReferralState, urgency: Urgency, now: datetime) -> datetime | None:
        """When the owner is next reminded; None for a state in which no review timer runs."""
        minutes = self.reviews.get((state, urgency))
        return None if minutes is None else now + timedelta(minutes=minutes)

    def encounter_is_open(self, occurred_at: datetime, now: datetime) -> bool:
        """Whether the officer may still be with the person, or near."""
        return now < occurred_at + timedelta(minutes=self.encounter)


def from_tables(tables: Mapping[str, Any]) -> Deadlines:
    """The deadlines of a data file; raises ValueError naming what is missing or not minutes."""
    return Deadlines(
        _minutes(tables, "offers", tuple(Sector)),
        _minutes(tables, "reviews", REVIEWED),
        _encounter(tables),
    )


def _encounter(tables: Mapping[str, Any]) -> int:
    """The file may leave it out: files are older than the rule."""
    given = tables.get("encounter", {"open": ENCOUNTER_MINUTES})
    minutes = given.get("open") if isinstance(given, dict) else None
    if type(minutes) is not int or minutes < 1:
        raise ValueError("[encounter] open must be whole minutes, 1 or more")
    return minutes


def _minutes(
    tables: Mapping[str, Any], table: str, rows: tuple[Word, ...]
) -> dict[tuple[Word, Urgency], int]:
    given = tables.get(table)
    if not isinstance(given, dict) or set(given) != set(rows):
        raise ValueError(f"[{table}.*] needs exactly: {', '.join(sorted(rows))}")
    found = {}
    for row in rows:
        for urgency in Urgency:
            minutes = given[row].get(urgency) if isinstance(given[row], dict) else None
            if type(minutes) is not int or minutes < 1:
                raise ValueError(f"[{table}.{row}] {urgency} must be whole minutes, 1 or more")
            found[row, urgency] = minutes
    return found
