"""Reading and stating capacity, and taking, moving and recounting places."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from services.chassis.columns import in_parts, insert
from services.matcher.domain.capacity import StatedBy, Statement, is_stale
from services.matcher.domain.request import Hold, Holder
from services.matcher.domain.survey import Taken
from services.matcher.tables import AcceptanceRow, CapacityRow, ReservationRow

_CAPACITY: Any = CapacityRow.__table__
_RESERVATIONS: Any = ReservationRow.__table__
_ACCEPTANCES: Any = AcceptanceRow.__table__

# Built once: to build and hash a statement costs more than SQLite needs to run it.
_TOUCHED: Final = _CAPACITY.c.program_id.in_(bindparam("programs", expanding=True))
_TAKE: Final = (
    update(_CAPACITY)
    .where(_CAPACITY.c.program_id == bindparam("program"))
    .where(_CAPACITY.c.taken < _CAPACITY.c.available)
    .values(taken=_CAPACITY.c.taken + 1)
)
_RESERVE: Final = _RESERVATIONS.insert()
_RELEASE: Final = delete(_RESERVATIONS).where(
    _RESERVATIONS.c.referral_id == bindparam("referral"),
    _RESERVATIONS.c.program_id == bindparam("program"),
)
_RESERVED: Final = (
    select(func.count())
    .where(_RESERVATIONS.c.program_id == _CAPACITY.c.program_id)
    .where(_RESERVATIONS.c.over_capacity.is_(False))
    .correlate(_CAPACITY)
    .scalar_subquery()
)
_NOT_ENDED: Final = _ACCEPTANCES.c.ended_at.is_(None) | (
    _ACCEPTANCES.c.ended_at > _CAPACITY.c.stated_at
)
_THERE: Final = _ACCEPTANCES.c.accepted_at <= _CAPACITY.c.stated_at
# The rule of ``domain.capacity.takes_a_place``; a test holds the two equal.
_ACCEPTED: Final = (
    select(func.count())
    .where(_ACCEPTANCES.c.program_id == _CAPACITY.c.program_id)
    .where(
        (
            (_ACCEPTANCES.c.accepted_at > _CAPACITY.c.counts_from)
            & _ACCEPTANCES.c.over_capacity.is_(False)
        )
        | (_CAPACITY.c.accepted_counted.is_(False) & _THERE & _NOT_ENDED)
    )
    .correlate(_CAPACITY)
    .scalar_subquery()
)
_TAKEN: Final = (
    select(_CAPACITY.c.program_id, _CAPACITY.c.taken)
    .where(_TOUCHED)
    .order_by(_CAPACITY.c.program_id)
    .with_for_update()
)
_RECOUNT: Final = (
    update(_CAPACITY)
    .where(_TOUCHED)
    .values(taken=_RESERVED + _ACCEPTED)
    .returning(_CAPACITY.c.program_id, _CAPACITY.c.taken)
)


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement as stored: its version, and how many of its places are taken."""

    statement: Statement
    taken: int
    version: int

    @property
    def free(self) -> int:
        """Places that can be granted now; none where a lowered statement left too few."""
        return max(0, self.statement.available - self.taken)


def stated(session: Session, program_ids: Collection[str]) -> dict[str, Stated]:
    """The newest statements of programs, by program; some may have none."""
    rows = (row for part in in_parts(program_ids) for row in session.execute(_newest(part)))
    return {row.program_id: _stated(row) for row in rows}


def stated_at(session: Session) -> dict[str, datetime]:
    """When each program last stated its places."""
    rows = session.execute(select(_CAPACITY.c.program_id, _CAPACITY.c.stated_at))
    return {row.program_id: row.stated_at for row in rows}


def lock_stated(session: Session, program_ids: Collection[str]) -> dict[str, Stated]:
    """The newest statements of programs, their rows locked in sorted order."""
    query = _newest(program_ids).order_by(_CAPACITY.c.program_id).with_for_update()
    return {row.program_id: _stated(row) for row in session.execute(query)}


def save_statements(session: Session, statements: Mapping[str, Statement]) -> None:
    """Replace statements; each gets the next version, and its taken places are recounted."""
    rows = [
        {"program_id": program, "taken": 0, "version": 1, **asdict(statement)}
        for program, statement in sorted(statements.items())
    ]
    if not rows:
        return
    add = insert(session, _CAPACITY)
    news = {name: add.excluded[name] for name in rows[0] if name not in {"version", "taken"}}
    news["version"] = _CAPACITY.c.version + 1
    session.execute(add.on_conflict_do_update(index_elements=["program_id"], set_=news), rows)
    recount(session, statements)


def free_of(session: Session, program_ids: Collection[str]) -> dict[str, int]:
    """Places that can be granted now, by program; programs without a statement are left out."""
    query = select(
        _CAPACITY.c.program_id, (_CAPACITY.c.available - _CAPACITY.c.taken).label("free")
    ).where(CapacityRow.program_id.in_(program_ids))
    return {row.program_id: row.free for row in session.execute(query)}


def fresh_free_of(session: Session, program_ids: Collection[str], at: datetime) -> dict[str, int]:
    """As ``free_of``, without the programs whose statement is too old to rely on at a moment."""
    fresh = {
        key
        for key, found in stated(session, program_ids).items()
        if not is_stale(found.statement.stated_at, at)
    }
    return free_of(session, fresh)


def take(session: Session, referral_id: UUID, hold: Hold) -> bool:
    """Take one place by one conditional update; False where none is free."""
    taken = session.execute(_TAKE, {"program": hold.program_id})
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return False
    session.execute(_RESERVE, _reservations(referral_id, [hold]))
    return True


def move(
    session: Session, referral_id: UUID, before: Iterable[Hold], after: Iterable[Hold]
) -> set[str]:
    """Bring the reservations of a referral from one state to the next: the programs touched."""
    old, new = set(before), set(after)
    gone = [{"referral": referral_id, "program": hold.program_id} for hold in old - new]
    if gone:
        session.execute(_RELEASE, gone)
    if new - old:
        session.execute(_RESERVE, _reservations(referral_id, new - old))
    # A granted place that a coordinator then insisted on is free again, with the same program.
    changed = {(h.program_id, h.over_capacity) for h in old} ^ {
        (h.program_id, h.over_capacity) for h in new
    }
    return {program for program, _ in changed}


def accept(session: Session, referral_id: UUID, holder: Holder) -> None:
    """Learn an acceptance; to learn it again changes nothing."""
    row = {
        "program_id": holder.program_id,
        "referral_id": referral_id,
        "accepted_at": holder.accepted_at,
        "over_capacity": holder.over_capacity,
    }
    session.execute(insert(session, _ACCEPTANCES).values(row).on_conflict_do_nothing())


def end_acceptance(session: Session, referral_id: UUID, holder: Holder, at: datetime) -> None:
    """The program holds the referral no longer, as of ``at``."""
    columns = _ACCEPTANCES.c
    session.execute(
        update(_ACCEPTANCES)
        .where(columns.program_id == holder.program_id, columns.referral_id == referral_id)
        .where(columns.accepted_at == holder.accepted_at, columns.ended_at.is_(None))
        .values(ended_at=at)
    )


def taken_since(session: Session, moment: datetime) -> list[Taken]:
    """The places that referrals have now, or gave back after a moment, the oldest first."""
    columns = _ACCEPTANCES.c
    query = select(_ACCEPTANCES).where(columns.ended_at.is_(None) | (columns.ended_at > moment))
    rows = session.execute(query.order_by(columns.accepted_at, columns.referral_id))
    return [
        Taken(r.program_id, r.referral_id, r.accepted_at, r.ended_at, r.over_capacity) for r in rows
    ]


def recount(session: Session, program_ids: Collection[str]) -> set[str]:
    """Count the taken places from the rows: the programs that have more free than before."""
    if not program_ids:
        return set()
    touched = {"programs": sorted(program_ids)}
    before = {row.program_id: row.taken for row in session.execute(_TAKEN, touched)}
    counted = session.execute(_RECOUNT, touched)
    return {program for program, taken in counted if taken < before[program]}


def _reservations(referral_id: UUID, holds: Iterable[Hold]) -> list[dict[str, Any]]:
    return [{"referral_id": referral_id, **asdict(hold)} for hold in holds]


def _newest(program_ids: Collection[str]) -> Select[Any]:
    return select(_CAPACITY).where(_CAPACITY.c.program_id.in_(program_ids))


def _stated(row: Row[Any]) -> Stated:
    statement = Statement(
        available=row.available,
        maximum=row.maximum,
        stated_at=row.stated_at,
        counts_from=row.counts_from,
        accepted_counted=row.accepted_counted,
        stated_by=StatedBy(row.stated_by),
    )
    return Stated(statement, row.taken, row.version)
