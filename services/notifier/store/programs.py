"""SQL of the copy of the directory: the newest entry of each program."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.chassis.columns import insert
from services.notifier.tables import Model, ProgramRow

_TABLE: Final = Model.metadata.tables["programs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is kept of a program's entry."""

    program_id: str
    agency_id: str
    version: int
    time_zone: str


def keep(session: Session, program: Program) -> None:
    """Keep an entry unless a newer one is there."""
    add = insert(session, _TABLE).values(asdict(program))
    newer = add.on_conflict_do_update(
        index_elements=["program_id"],
        set_={name: add.excluded[name] for name in ("agency_id", "version", "time_zone")},
        where=add.excluded.version > _TABLE.c.version,
    )
    session.execute(newer)


def time_zones(session: Session, program_ids: Collection[str]) -> dict[str, str]:
    """The IANA time zone of each program that is known."""
    query = select(ProgramRow.program_id, ProgramRow.time_zone)
    rows = session.execute(query.where(ProgramRow.program_id.in_(program_ids)))
    return {row.program_id: row.time_zone for row in rows}


def agency_zones(session: Session, agency_ids: Collection[str]) -> dict[str, str]:
    """The IANA time zone of each agency that runs a program; of several, the first one's."""
    query = select(ProgramRow.agency_id, ProgramRow.time_zone).order_by(
        ProgramRow.program_id.desc()
    )
    rows = session.execute(query.where(ProgramRow.agency_id.in_(agency_ids)))
    return {row.agency_id: row.time_zone for row in rows}
