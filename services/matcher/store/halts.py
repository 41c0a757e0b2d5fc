"""Reading and writing which agencies and programs take nobody, and until when."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, delete, func, select
from sqlalchemy.orm import Session

from contracts.vocabulary import PauseReason
from services.chassis.database import wake_loops
from services.chassis.jobs import NOW
from services.matcher.domain.directory import Program
from services.matcher.domain.halt import Halt, Kind, Scope, Target
from services.matcher.tables import HaltRow

_HALTS: Final[Any] = HaltRow.__table__
# How many pauses are over, and not ended yet.
COUNT_OVER: Final = select(func.count()).where(_HALTS.c.until <= NOW)


def of_agencies(session: Session, agency_ids: Collection[str]) -> dict[Target, list[Halt]]:
    """The halts of agencies and of their programs, by whom they are of."""
    query = select(_HALTS).where(_HALTS.c.agency_id.in_(agency_ids))
    found: dict[Target, list[Halt]] = defaultdict(list)
    for row in session.execute(query):
        found[Target(Scope(row.scope), row.target_id)].append(_halt(row))
    return dict(found)


def on(program: Program, halts: Mapping[Target, Iterable[Halt]]) -> list[Halt]:
    """Those of the halts that hold for a program: its own and its agency's."""
    own = Target(Scope.PROGRAM, program.id), Target(Scope.AGENCY, program.agency_id)
    return [halt for target in own for halt in halts.get(target, ())]


def has(session: Session, target: Target, kind: Kind) -> bool:
    """Whether a target is halted in this way; its agency's own halts do not count."""
    return session.scalar(select(func.count()).where(*_is(target, kind))) == 1


def add(session: Session, target: Target, agency_id: str, halt: Halt) -> None:
    """Halt a target that is not halted in this way."""
    row = {"scope": target.scope, "target_id": target.id, "agency_id": agency_id, **asdict(halt)}
    session.execute(_HALTS.insert(), row)
    if halt.until is not None:
        wake_loops(session)


def remove(session: Session, target: Target, kind: Kind) -> bool:
    """End a halt; False where there is none."""
    ended = session.execute(delete(_HALTS).where(*_is(target, kind)))
    return ended.rowcount == 1  # type: ignore[attr-defined, no-any-return]


def over(session: Session, now: datetime, limit: int) -> Sequence[Target]:
    """Whose pauses are over by now, those that ended first before the others."""
    query = select(_HALTS.c.scope, _HALTS.c.target_id).where(_HALTS.c.until <= now)
    rows = session.execute(query.order_by(_HALTS.c.until, _HALTS.c.target_id).limit(limit))
    return [Target(Scope(row.scope), row.target_id) for row in rows]


def _is(target: Target, kind: Kind) -> tuple[ColumnElement[bool], ...]:
    columns = _HALTS.c
    return columns.scope == target.scope, columns.target_id == target.id, columns.kind == kind


def _halt(row: Row[Any]) -> Halt:
    because = PauseReason(row.because) if row.because else None
    return Halt(Kind(row.kind), row.since, because, row.until)
