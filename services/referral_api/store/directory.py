"""The units, and this service's own copy of the directory."""

from collections.abc import Iterable, Sequence
from typing import Final, cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from services.chassis.columns import insert
from services.chassis.database import wake_loops
from services.chassis.pages import Page, cut, page_of
from services.referral_api.tables import Program, Unit

_UNITS: Final = cast("Table", Unit.__table__)
_PROGRAMS: Final = cast("Table", Program.__table__)
# How many units the figures have not heard of as they are now.
COUNT_UNTOLD_UNITS: Final = select(func.count()).where(~Unit.told)


def unit(session: Session, unit_id: str) -> Unit | None:
    """One unit."""
    return session.get(Unit, unit_id)


def lock_unit(session: Session, unit_id: str) -> Unit | None:
    """One unit, locked: whatever is counted or audited under it happens one by one.

    Submissions, which only point at the unit, need not wait.
    """
    query = select(Unit).where(Unit.id == unit_id).with_for_update(key_share=True)
    return session.scalars(query).first()


def untold_units(session: Session, limit: int = 100) -> Sequence[Unit]:
    """Units that the figures have not heard of as they are now, locked, by id."""
    query = select(Unit).where(~Unit.told).order_by(Unit.id).limit(limit)
    return session.scalars(query.with_for_update(key_share=True)).all()


def create_unit(session: Session, unit_id: str, name: str, *, training: bool) -> None:
    """Add a unit where there is none of this id."""
    row = {"id": unit_id, "name": name, "training": training, "told": False}
    session.execute(insert(session, _UNITS).values(row).on_conflict_do_nothing())


def units(session: Session, after: str | None, limit: int) -> Page:
    """A page of units by id."""
    rows = session.scalars(page_of(select(Unit), [Unit.id], after, limit)).all()
    return cut(rows, ["id"], limit)


def programs(session: Session, ids: Iterable[str]) -> dict[str, Program]:
    """The copies of some programs' entries."""
    query = select(Program).where(Program.id.in_(list(ids)))
    return {program.id: program for program in session.scalars(query)}


def keep_program(session: Session, entry: Program) -> None:
    """Store an entry unless a copy of the same or a newer version is there.

    One that says paused or closed leaves work behind: the jobs are woken for it.
    """
    row = {column.name: getattr(entry, column.name) for column in _PROGRAMS.columns}
    add = insert(session, _PROGRAMS).values(row)
    session.execute(
        add.on_conflict_do_update(
            index_elements=["id"],
            set_={name: add.excluded[name] for name in row if name != "id"},
            where=Program.version < add.excluded.version,
        )
    )
    if entry.paused or not entry.active:
        wake_loops(session)
