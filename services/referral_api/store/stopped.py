"""Finding what stopped programs leave behind: their open offers, and those whom they accepted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, exists, func, not_, select
from sqlalchemy.orm import Session

from contracts.vocabulary import Attention
from services.referral_api.tables import (
    IS_HELD,
    IS_LIVE,
    IS_STOPPED,
    AttentionRow,
    Offer,
    Program,
)


def with_stranded_offers(session: Session, _now: datetime, limit: int) -> Sequence[UUID]:
    """Referrals that are on offer to a program which is paused or closed, by their deadline."""
    query = _stranded(select(Offer.referral_id)).order_by(Offer.deadline_at, Offer.id)
    return session.scalars(query.limit(limit)).all()


def with_closed_holder(session: Session, _now: datetime, limit: int) -> Sequence[UUID]:
    """Referrals that a closed program holds, of which no coordinator is told yet."""
    return session.scalars(_left(select(Offer.referral_id)).order_by(Offer.id).limit(limit)).all()


def program(session: Session, program_id: str) -> Program | None:
    """The copy of one program's entry."""
    return session.get(Program, program_id)


def _stranded(query: Any) -> Any:
    return _newer(query).where(IS_STOPPED, IS_LIVE)


def _left(query: Any) -> Any:
    told = exists().where(
        and_(
            AttentionRow.referral_id == Offer.referral_id,
            AttentionRow.why == Attention.AGENCY_CLOSED,
        )
    )
    closed = not_(Program.active)
    return _newer(query).where(IS_STOPPED, closed, IS_HELD, not_(told))


def _newer(query: Any) -> Any:
    """Offers beside entries that are newer than the one by which they were made.

    Whoever chose the program may have seen that it is back before this service's copy tells.
    """
    seen = func.coalesce(Offer.directory_version, 0)
    return query.join(Program, Program.id == Offer.program_id).where(Program.version > seen)


# How many live offers lie with a program which is paused or closed, and how many referrals a closed
# program holds without a coordinator being told.
COUNT_STRANDED: Final = _stranded(select(func.count()).select_from(Offer))
COUNT_LEFT: Final = _left(select(func.count()).select_from(Offer))
