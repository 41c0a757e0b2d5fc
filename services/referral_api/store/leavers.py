"""Reading and writing who left a moment ago, and what they still have in the worklist."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Select, Table, delete, func, select, update
from sqlalchemy.orm import Session

from services.chassis import ended_access
from services.chassis.columns import insert
from services.chassis.database import wake_loops
from services.referral_api.tables import Leaver, WorkItem

# A request that was let in before the news has ended long before.
KEPT_FOR: Final = timedelta(minutes=1)
_TABLE: Final = cast("Table", Leaver.__table__)
# Built once: it is asked after each commit.
_LEFT: Final = select(Leaver.access_id)


def add(session: Session, access_id: str, since: datetime) -> None:
    """Somebody left; the jobs are woken for it."""
    row = {"access_id": access_id, "since": since}
    session.execute(insert(session, _TABLE).values(row).on_conflict_do_nothing())
    wake_loops(session)


def still_held(session: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """Referrals that leavers have, the most pressing first; where none is left, they are forgotten.

    Not at once: somebody may have taken one while the news was on its way. What needs nobody now
    is nobody's from here on.
    """
    subjects = _subjects(session)
    if not subjects:
        session.execute(delete(Leaver).where(Leaver.since < now - KEPT_FOR))
        return []
    theirs = WorkItem.assigned_to.in_(subjects)
    unlisted = update(WorkItem).where(theirs, WorkItem.due_at.is_(None))
    session.execute(unlisted.values(assigned_to=None))
    held = select(WorkItem.referral_id).where(theirs, WorkItem.due_at.is_not(None))
    return session.scalars(held.order_by(WorkItem.due_at).limit(limit)).all()


def count_still_held(session: Session, _: datetime) -> int:
    """How many referrals leavers have."""
    subjects = _subjects(session)
    if not subjects:
        return 0
    held = WorkItem.assigned_to.in_(subjects), WorkItem.due_at.is_not(None)
    return session.scalar(select(func.count()).select_from(WorkItem).where(*held)) or 0


def has_left(session: Session, coordinator: str) -> bool:
    """Whether a coordinator left a moment ago."""
    return session.get(Leaver, _id_of(coordinator)) is not None


def _subjects(session: Session) -> list[str]:
    """The leavers by name: of those who have items, those whose digest the news told."""
    left = set(session.scalars(_LEFT))
    if not left:
        return []
    return [name for name in session.scalars(_holders()) if name and _id_of(name) in left]


def _holders() -> Select[str | None]:
    """Everybody who has an item: one step in the index from each name to the next.

    DISTINCT would read the items of all.
    """
    first = select(func.min(WorkItem.assigned_to).label("name"))
    names = first.where(WorkItem.assigned_to.is_not(None)).cte("holders", recursive=True)
    after = select(func.min(WorkItem.assigned_to)).where(WorkItem.assigned_to > names.c.name)
    following = select(after.scalar_subquery()).where(names.c.name.is_not(None))
    return select(names.union_all(following).c.name)


def _id_of(coordinator: str) -> str:
    return ended_access.of_subject(coordinator, None, None)
