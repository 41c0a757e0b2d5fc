"""The table of warm handoffs and its SQL: a dated record beside a referral, never a state."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Uuid, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from contracts.vocabulary import HandoffKind
from services.chassis.columns import UtcDateTime
from services.referral_api.tables import Base, word


class HandoffRow(Base):
    """How and when an officer handed the person over; at most one record of a referral."""

    __tablename__ = "handoffs"

    referral_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("referrals.id"), primary_key=True)
    kind: Mapped[HandoffKind] = mapped_column(word(HandoffKind))
    called_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


def find(session: Session, referral_id: UUID) -> HandoffRow | None:
    """The record of one referral."""
    return session.get(HandoffRow, referral_id)


def of_referrals(session: Session, ids: Collection[UUID]) -> dict[UUID, HandoffRow]:
    """The records of some referrals."""
    query = select(HandoffRow).where(HandoffRow.referral_id.in_(ids))
    return {row.referral_id: row for row in session.scalars(query)}


def forget(session: Session, referral_id: UUID) -> None:
    """Delete the record of an erased person."""
    session.execute(delete(HandoffRow).where(HandoffRow.referral_id == referral_id))
