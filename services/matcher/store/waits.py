"""Who waits for which program: kept as the decider finds it, counted by program and by sector."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from contracts.vocabulary import Sector, Urgency
from services.chassis.pages import Page, cut, page_of
from services.matcher.domain.request import RANK, Answer, Request
from services.matcher.tables import IS_WAITING, SEEKS, ProgramRow, RequestRow, WaitRow

_WAITS: Any = WaitRow.__table__
_OF: Final = _WAITS.c.referral_id.in_(bindparam("ids", expanding=True))
_KNOWN: Final = select(_WAITS.c.referral_id, _WAITS.c.program_id).where(_OF)
_ADD: Final = _WAITS.insert()
_END: Final = delete(_WAITS).where(_WAITS.c.referral_id == bindparam("of"))
_HELD: Final = (
    select(RequestRow.sector, func.count().label("waiting"))
    .where(SEEKS, RequestRow.answered == Answer.DEFERRED)
    .group_by(RequestRow.sector)
)
_END_ONE: Final = _END.where(_WAITS.c.program_id == bindparam("program"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Whose queues to list; None = any."""

    agency_id: str | None = None
    sector: Sector | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """How many are before a referral in the queue of a program."""

    program_id: str
    ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramQueue:
    """How many wait for a program, by urgency."""

    program_id: str
    agency_id: str
    name: str
    sector: Sector
    by_urgency: Mapping[Urgency, int]


@dataclass(frozen=True, slots=True)
class SectorQueue:
    """How many wait in a sector: for a place, for a program that would take them, held back."""

    sector: Sector
    for_a_place: int
    for_a_program: int
    held: int


def replace(
    session: Session, looked_at: Iterable[Request], waits: Mapping[UUID, Iterable[str]]
) -> None:
    """Let these requests wait for the programs named, and for no others; as few rows as differ."""
    asked = {request.referral_id: request for request in looked_at}
    known = {tuple(row) for row in session.execute(_KNOWN, {"ids": list(asked)})}
    wanted = {(referral, program) for referral, found in waits.items() for program in found}
    gone = [{"of": referral, "program": program} for referral, program in sorted(known - wanted)]
    if gone:
        session.execute(_END_ONE, gone)
    added = [_row(asked[referral], program) for referral, program in sorted(wanted - known)]
    if added:
        session.execute(_ADD, added)


def end(session: Session, referral_id: UUID) -> None:
    """Let a referral wait for nothing any more."""
    session.execute(_END, {"of": referral_id})


def positions(session: Session, referral_id: UUID) -> list[Position]:
    """Where a referral stands in each queue, by program; one query, however many queues."""
    other, own = aliased(WaitRow), WaitRow
    before = (
        select(func.count())
        .where(other.program_id == own.program_id)
        .where(
            tuple_(other.urgency_rank, other.submitted_at, other.referral_id)
            < tuple_(own.urgency_rank, own.submitted_at, own.referral_id)
        )
        .correlate(own)
        .scalar_subquery()
    )
    query = select(own.program_id, before.label("ahead")).where(own.referral_id == referral_id)
    return [Position(*row) for row in session.execute(query.order_by(own.program_id))]


def page(session: Session, which: Filter, after: str | None, limit: int) -> Page:
    """One page of the programs that somebody waits for, by id."""
    rows = session.execute(page_of(_queues(which), [WaitRow.program_id], after, limit)).all()
    found = cut(rows, ["program_id"], limit)
    return Page([_queue(row) for row in found.items], found.next)


def by_sector(session: Session, sector: Sector | None) -> list[SectorQueue]:
    """How many wait in each sector, or in one."""
    query = select(RequestRow.sector, RequestRow.answered, func.count().label("waiting"))
    query = query.where(IS_WAITING).group_by(RequestRow.sector, RequestRow.answered)
    counts = {(row.sector, row.answered): row.waiting for row in session.execute(query)}
    held = {row.sector: row.waiting for row in session.execute(_HELD)}
    return [
        SectorQueue(
            one,
            counts.get((one, Answer.WAITLISTED), 0),
            counts.get((one, Answer.UNPLACED), 0),
            held.get(one, 0),
        )
        for one in Sector
        if sector in {None, one}
    ]


def _queues(which: Filter) -> Any:
    counts = [
        func.count().filter(WaitRow.urgency_rank == rank).label(urgency.value)
        for urgency, rank in RANK.items()
    ]
    query = select(
        WaitRow.program_id, ProgramRow.agency_id, ProgramRow.name, ProgramRow.sector, *counts
    ).join(ProgramRow, ProgramRow.id == WaitRow.program_id)
    if which.agency_id is not None:
        query = query.where(ProgramRow.agency_id == which.agency_id)
    if which.sector is not None:
        query = query.where(ProgramRow.sector == which.sector)
    return query.group_by(
        WaitRow.program_id, ProgramRow.agency_id, ProgramRow.name, ProgramRow.sector
    )


def _queue(row: Row[Any]) -> ProgramQueue:
    return ProgramQueue(
        program_id=row.program_id,
        agency_id=row.agency_id,
        name=row.name,
        sector=Sector(row.sector),
        by_urgency={urgency: getattr(row, urgency) for urgency in RANK},
    )


def _row(request: Request, program_id: str) -> dict[str, Any]:
    return {
        "referral_id": request.referral_id,
        "program_id": program_id,
        "urgency_rank": RANK[request.facts.urgency],
        "submitted_at": request.facts.submitted_at,
    }
