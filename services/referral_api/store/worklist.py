"""Reading and writing the coordinators' worklist: what stands in it, why, and who has it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, bindparam, func, select, update
from sqlalchemy.orm import Session

from contracts.vocabulary import SECTOR_OF, Attention, Sector
from services.chassis.columns import insert
from services.chassis.pages import Page, cut, page_of
from services.referral_api.tables import AttentionRow, Referral, WorkItem

_ITEMS: Final = cast("Table", WorkItem.__table__)
_IS_LISTED: Final = WorkItem.due_at.is_not(None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items are asked for; None = whatever. ``of`` matters only where ``anybodys`` is not."""

    why: Attention | None = None
    sector: Sector | None = None
    anybodys: bool = True
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A referral in the worklist; ``due_at`` is what the list that it was found in sorts by."""

    referral: Referral
    assigned_to: str | None
    due_at: datetime

    @property
    def id(self) -> UUID:
        """The second part of the sort key."""
        return self.referral.id


# Built once: every command asks it.
_ATTENTIONS: Final = select(AttentionRow).where(
    AttentionRow.referral_id.in_(bindparam("ids", expanding=True))
)


def attentions(session: Session, ids: Iterable[UUID]) -> Sequence[AttentionRow]:
    """Why some referrals need a coordinator, each one's most pressing reason first."""
    rows = session.scalars(_ATTENTIONS, {"ids": list(ids)})
    return sorted(rows, key=lambda row: (row.due_at, row.why))


def put(session: Session, referral_id: UUID, due_at: datetime | None) -> None:
    """Say by when a referral needs a coordinator, or that it needs none; who has it stays."""
    add = insert(session, _ITEMS).values(referral_id=referral_id, due_at=due_at, assigned_to=None)
    newer = {"due_at": add.excluded.due_at}
    session.execute(add.on_conflict_do_update(index_elements=["referral_id"], set_=newer))


def page(session: Session, wanted: Wanted, after: str | None, limit: int) -> Page:
    """The items asked for, the oldest deadline first: of the one reason where one is named."""
    keys = _keys(wanted)
    query: Any = _matching(select(Referral, WorkItem.assigned_to, keys[0]), wanted)
    rows = session.execute(page_of(query, keys, after, limit)).all()
    return cut([Listed(*row) for row in rows], ["due_at", "id"], limit)


def find(session: Session, referral_id: UUID) -> Listed | None:
    """One item of the worklist; None where the referral needs no coordinator now."""
    query: Any = _matching(select(Referral, WorkItem.assigned_to, WorkItem.due_at), Wanted())
    row = session.execute(query.where(WorkItem.referral_id == referral_id)).first()
    return None if row is None else Listed(*row)


def first(session: Session, wanted: Wanted, limit: int) -> Sequence[UUID]:
    """The referrals asked for, the oldest deadline first."""
    keys = _keys(wanted)
    query: Any = _matching(select(WorkItem.referral_id), wanted)
    return session.scalars(query.order_by(*keys).limit(limit)).all()


def assign(session: Session, ids: Sequence[UUID], wanted: Wanted, to: str | None) -> set[UUID]:
    """Give those of the items that still are as asked for to somebody, or to nobody.

    Returns which they were.
    """
    change = update(WorkItem).where(WorkItem.referral_id.in_(ids), _IS_LISTED)
    if not wanted.anybodys:
        change = change.where(_is_of(wanted.of))
    change = change.values(assigned_to=to).execution_options(synchronize_session=False)
    return set(session.scalars(change.returning(WorkItem.referral_id)))


def count(session: Session, wanted: Wanted) -> int:
    """How many items there are of what is asked for."""
    query: Any = _matching(select(func.count()), wanted)
    return session.scalar(query) or 0


def count_by_reason(session: Session) -> dict[Attention, int]:
    """How many referrals stand in the worklist for each reason; those with none are left out."""
    query = select(AttentionRow.why, func.count()).group_by(AttentionRow.why)
    return dict(session.execute(query).all())


def _keys(wanted: Wanted) -> list[Any]:
    if wanted.why is not None:
        return [AttentionRow.due_at, AttentionRow.referral_id]
    return [WorkItem.due_at, WorkItem.referral_id]


def _matching(query: Any, wanted: Wanted) -> Any:
    """The query over work items, restricted to what is asked for."""
    query = query.select_from(WorkItem).join(Referral, Referral.id == WorkItem.referral_id)
    query = query.where(_IS_LISTED)
    if wanted.why is not None:
        beside = AttentionRow.referral_id == WorkItem.referral_id
        query = query.join(AttentionRow, beside).where(AttentionRow.why == wanted.why)
    if wanted.sector is not None:
        needs = [need for need, sector in SECTOR_OF.items() if sector is wanted.sector]
        query = query.where(Referral.need.in_(needs))
    return query if wanted.anybodys else query.where(_is_of(wanted.of))


def _is_of(subject: str | None) -> ColumnElement[bool]:
    if subject is None:
        return WorkItem.assigned_to.is_(None)
    return WorkItem.assigned_to == subject
