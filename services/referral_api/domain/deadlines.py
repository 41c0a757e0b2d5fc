"""The minutes that everybody has: to answer an offer, and until an owner is reminded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from contracts.vocabulary import ReferralState, Sector, Urgency
from services.referral_api.domain.referral import REVIEWED

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """``offers`` by sector and urgency, ``reviews`` by state and urgency; both in minutes."""

    offers: Mapping[tuple[Sector, Urgency], int]
    reviews: Mapping[tuple[ReferralState, Urgency], int]

    def answer_by(self, sector: Sector, urgency: Urgency, now: datetime) -> datetime:
        """When an offer made now lapses."""
        return now + timedelta(minutes=self.offers[sector, urgency])

    def review_at(self, state: ReferralState, urgency: Urgency, now: datetime) -> datetime | None:
        """When the owner is next reminded; None for a state in which no review timer runs."""
        minutes = self.reviews.get((state, urgency))
        return None if minutes is None else now + timedelta(minutes=minutes)


def from_tables(tables: Mapping[str, Any]) -> Deadlines:
    """The deadlines of a data file; raises ValueError naming what is missing or not minutes."""
    return Deadlines(
        _minutes(tables, "offers", tuple(Sector)),
        _minutes(tables, "reviews", REVIEWED),
    )


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
