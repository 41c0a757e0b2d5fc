"""Counting the offers that an agency let lapse since it last gave a sign of life."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from services.chassis.columns import insert
from services.matcher.tables import AgencyLapseRow, AgencyRow

_AGENCIES: Final[Any] = AgencyRow.__table__
_LAPSES: Final[Any] = AgencyLapseRow.__table__


def lapsed(session: Session, agency_id: str, offer_id: UUID, at: datetime) -> None:
    """Count a lapse, unless the agency gave a sign of life after it, or it was counted before."""
    spoke = select(_AGENCIES.c.answered_at).where(_AGENCIES.c.id == agency_id)
    known = session.execute(spoke).first()
    if known is None or (known.answered_at is not None and known.answered_at >= at):
        return
    row = {"offer_id": offer_id, "agency_id": agency_id, "at": at}
    session.execute(insert(session, _LAPSES).values(row).on_conflict_do_nothing())


def answered(session: Session, agency_id: str, at: datetime) -> None:
    """A sign of life: of the lapses up to then none counts any more."""
    earlier = or_(_AGENCIES.c.answered_at.is_(None), _AGENCIES.c.answered_at < at)
    session.execute(
        update(_AGENCIES).where(_AGENCIES.c.id == agency_id, earlier).values(answered_at=at)
    )
    session.execute(delete(_LAPSES).where(_LAPSES.c.agency_id == agency_id, _LAPSES.c.at <= at))


def counts(session: Session, agency_ids: Collection[str]) -> dict[str, int]:
    """How many lapses in a row each of these agencies has; those with none are left out."""
    query = select(_LAPSES.c.agency_id, func.count().label("lapses"))
    query = query.where(_LAPSES.c.agency_id.in_(agency_ids)).group_by(_LAPSES.c.agency_id)
    return {row.agency_id: row.lapses for row in session.execute(query)}
