"""Reading and writing agencies and programs."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, Select, delete, select
from sqlalchemy.orm import Session

from contracts.vocabulary import Need, Sector
from services.chassis.columns import insert
from services.chassis.pages import Page, cut, page_of
from services.matcher.domain.directory import Agency, Program, program_of
from services.matcher.tables import AgencyRow, ProgramNeedRow, ProgramRow

_AGENCIES: Any = AgencyRow.__table__
_PROGRAMS: Any = ProgramRow.__table__
_NEEDS: Any = ProgramNeedRow.__table__


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which programs a list shows; None = any."""

    sector: Sector | None = None
    need: Need | None = None
    agency_id: str | None = None
    training: bool | None = None


def agencies(session: Session) -> dict[str, Agency]:
    """Every agency by its id."""
    return {row.id: Agency(row.id, row.name) for row in session.execute(select(_AGENCIES))}


def lock_agency(session: Session, agency_id: str) -> Agency | None:
    """One agency, its row locked."""
    query = select(_AGENCIES).where(_AGENCIES.c.id == agency_id).with_for_update()
    row = session.execute(query).first()
    return Agency(row.id, row.name) if row else None


def agencies_page(session: Session, ids: Collection[str], after: str | None, limit: int) -> Page:
    """One page of agencies by id; ``ids`` empty = every one."""
    query = select(_AGENCIES.c.id, _AGENCIES.c.name)
    if ids:
        query = query.where(_AGENCIES.c.id.in_(ids))
    rows = session.execute(page_of(query, [_AGENCIES.c.id], after, limit)).all()
    found = cut(rows, ["id"], limit)
    return Page([Agency(row.id, row.name) for row in found.items], found.next)


def every_program(session: Session) -> dict[str, Program]:
    """Every program by its id."""
    return {row.id: _program(row) for row in session.execute(_query())}


def program(session: Session, program_id: str) -> Program | None:
    """One program."""
    row = session.execute(_query().where(_PROGRAMS.c.id == program_id)).first()
    return _program(row) if row else None


def lock_program(session: Session, program_id: str) -> Program | None:
    """One program, its row locked."""
    query = _query().where(_PROGRAMS.c.id == program_id).with_for_update(of=_PROGRAMS)
    row = session.execute(query).first()
    return _program(row) if row else None


def lock_programs_of(session: Session, agency_id: str) -> list[Program]:
    """The programs of an agency by id, their rows locked."""
    query = _query().where(_PROGRAMS.c.agency_id == agency_id).order_by(_PROGRAMS.c.id)
    return [_program(row) for row in session.execute(query.with_for_update(of=_PROGRAMS))]


def agencies_of(session: Session, program_ids: Collection[str]) -> dict[str, str]:
    """The agency of each program that there is."""
    query = select(_PROGRAMS.c.id, _PROGRAMS.c.agency_id).where(_PROGRAMS.c.id.in_(program_ids))
    return {row.id: row.agency_id for row in session.execute(query)}


def page(session: Session, which: Filter, after: str | None, limit: int) -> Page:
    """One page of programs by id."""
    query = _query()
    if which.sector is not None:
        query = query.where(_PROGRAMS.c.sector == which.sector)
    if which.need is not None:
        serving = select(_NEEDS.c.program_id).where(_NEEDS.c.need == which.need)
        query = query.where(_PROGRAMS.c.id.in_(serving))
    if which.agency_id is not None:
        query = query.where(_PROGRAMS.c.agency_id == which.agency_id)
    if which.training is not None:
        query = query.where(_PROGRAMS.c.training.is_(which.training))
    rows = session.execute(page_of(query, [_PROGRAMS.c.id], after, limit)).all()
    found = cut(rows, ["id"], limit)
    return Page([_program(row) for row in found.items], found.next)


def save_agencies(session: Session, changed: Iterable[Agency]) -> None:
    """Add or rename agencies."""
    rows = [asdict(agency) for agency in changed]
    if rows:
        add = insert(session, _AGENCIES)
        upsert = add.on_conflict_do_update(index_elements=["id"], set_={"name": add.excluded.name})
        session.execute(upsert, rows)


def save_programs(session: Session, changed: Sequence[Program]) -> None:
    """Add or replace programs, and the needs that they serve."""
    if not changed:
        return
    rows = [_row(program) for program in changed]
    add = insert(session, _PROGRAMS)
    news = {name: add.excluded[name] for name in rows[0] if name != "id"}
    session.execute(add.on_conflict_do_update(index_elements=["id"], set_=news), rows)
    ids = [program.id for program in changed]
    session.execute(delete(ProgramNeedRow).where(ProgramNeedRow.program_id.in_(ids)))
    served = [{"program_id": p.id, "need": need} for p in changed for need in p.needs]
    session.execute(_NEEDS.insert(), served)


def _query() -> Select[Any]:
    agency = _AGENCIES.c
    joined = _PROGRAMS.join(_AGENCIES, agency.id == _PROGRAMS.c.agency_id)
    return select(_PROGRAMS, agency.name.label("agency_name")).select_from(joined)


def _program(row: Row[Any]) -> Program:
    return program_of(row._asdict())


def _row(program: Program) -> dict[str, Any]:
    return {name: value for name, value in asdict(program).items() if name != "agency_name"}
