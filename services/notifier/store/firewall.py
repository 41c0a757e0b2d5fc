"""SQL of the officers' firewall: which units train, and what was refused, by unit and minute."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contracts.vocabulary import RefusedAttempt
from services.chassis.columns import insert
from services.chassis.firewall import Refused
from services.notifier.domain.contributions import month_of
from services.notifier.store.figures import Period
from services.notifier.tables import Model

_UNITS: Final = Model.metadata.tables["units"]
_COUNTS: Final = Model.metadata.tables["refusal_counts"]


@dataclass(frozen=True, slots=True)
class Cell:
    """How many attempts of one kind were refused in a month, of training units or the others."""

    month: str
    kind: RefusedAttempt
    training: bool
    count: int


def put_unit(session: Session, unit_id: str, *, training: bool) -> None:
    """A unit as it is now."""
    add = insert(session, _UNITS).values(unit_id=unit_id, training=training)
    session.execute(
        add.on_conflict_do_update(index_elements=["unit_id"], set_={"training": training})
    )


def put(session: Session, service: str, found: Sequence[Refused]) -> None:
    """Set what a service refused in these minutes: it says all of each, so a replay adds none."""
    rows = [
        {
            "service": service,
            "unit_id": refused.unit_id,
            "kind": refused.kind.value,
            "since": refused.since,
            "month": month_of(refused.since),
            "count": refused.count,
        }
        for refused in found
    ]
    if not rows:
        return
    add: Any = insert(session, _COUNTS)
    keys = [column.name for column in _COUNTS.primary_key.columns]
    newest = {"count": add.excluded.count}
    session.execute(add.on_conflict_do_update(index_elements=keys, set_=newest), rows)


def cells(session: Session, period: Period) -> list[Cell]:
    """What was refused in a period, by month, kind, and whether the unit trains."""
    counts = _COUNTS.c
    training = func.coalesce(_UNITS.c.training, False)
    keys = (counts.month, counts.kind, training.label("training"))
    query = select(*keys, func.sum(counts.count).label("total")).outerjoin(
        _UNITS, _UNITS.c.unit_id == counts.unit_id
    )
    if period.first is not None:
        query = query.where(counts.month >= period.first)
    if period.last is not None:
        query = query.where(counts.month <= period.last)
    rows = session.execute(query.group_by(counts.month, counts.kind, training))
    return [
        Cell(row.month, RefusedAttempt(row.kind), bool(row.training), int(row.total))
        for row in rows
    ]
