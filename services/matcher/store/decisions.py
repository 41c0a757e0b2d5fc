"""Keeping and reading decisions with their explanations."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from services.chassis.pages import Page, cut, page_of
from services.matcher.domain.decision import Decision, decision_of, without_person
from services.matcher.tables import DecisionRow

_DECISIONS: Any = DecisionRow.__table__
_BATCH: Final = 500
_FORGET: Final = (
    update(_DECISIONS)
    .where(_DECISIONS.c.id == bindparam("at_id"))
    .values(
        choices=bindparam("made"),
        considered=bindparam("why"),
        fitting=None,
        eliminated=None,
        prices={},
    )
)


def add(session: Session, made: Iterable[Decision]) -> None:
    """Keep decisions; a (referral, attempt, number) is decided once."""
    rows = [{"id": decision.id, **asdict(decision)} for decision in made]
    if rows:
        session.execute(_DECISIONS.insert(), rows)


def decision(session: Session, decision_id: UUID) -> Decision | None:
    """One decision."""
    query = select(_DECISIONS).where(_DECISIONS.c.id == decision_id)
    row = session.execute(query).first()
    return decision_of(row._asdict()) if row else None


def of(session: Session, referral_id: UUID) -> list[Decision]:
    """Every decision about a referral."""
    rows = session.execute(select(_DECISIONS).where(_DECISIONS.c.referral_id == referral_id))
    return [decision_of(row._asdict()) for row in rows]


def forget(session: Session, referral_id: UUID) -> None:
    """Leave of the decisions about a referral what came of them, not why."""
    bare = [without_person(decision) for decision in of(session, referral_id)]
    left = [
        {"at_id": decision.id, "made": asdict(decision)["choices"], "why": []} for decision in bare
    ]
    if left:
        session.connection().execute(_FORGET, left)


def page(session: Session, referral_id: UUID, after: str | None, limit: int) -> Page:
    """One page of a referral's decisions, oldest first."""
    query = select(_DECISIONS).where(_DECISIONS.c.referral_id == referral_id)
    keys = [_DECISIONS.c.attempt, _DECISIONS.c.number]
    rows = session.execute(page_of(query, keys, after, limit)).all()
    found = cut(rows, ["attempt", "number"], limit)
    return Page([decision_of(row._asdict()) for row in found.items], found.next)


def every(session: Session) -> Iterator[Decision]:
    """All decisions, read in batches, for a replay to be compared with."""
    query = select(_DECISIONS).order_by(_DECISIONS.c.id)
    for row in session.execute(query.execution_options(yield_per=_BATCH)):
        yield decision_of(row._asdict())
