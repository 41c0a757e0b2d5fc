"""SQL of the rollup tables: changed in batches, read in sums."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import Session

from services.chassis.columns import insert
from services.chassis.postgres import lock_number
from services.notifier.domain.contributions import Contributions
from services.notifier.domain.measures import WHOLE, Dimension
from services.notifier.tables import Model, ProgressRow, RollupCount, RollupTime

_TURN: Final = lock_number("figures")
_TAKE_TURN: Final = text("SELECT pg_advisory_xact_lock(:key)")
_COUNTS: Final = Model.metadata.tables["rollup_counts"]
_TIMES: Final = Model.metadata.tables["rollup_times"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Months YYYY-MM, both included; None = without end."""

    first: str | None = None
    last: str | None = None


def take_turn(session: Session) -> None:
    """Wait for the turn to change the figures; the commit passes it on.

    A batch moves the same cells again and again, in no order: two batches at once would wait for
    each other.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_TAKE_TURN, {"key": _TURN})


def apply(session: Session, change: Contributions) -> None:
    """Add a difference to the cells: one statement a table, none for a table without change."""
    _apply(session, _COUNTS, change.counts)
    _apply(session, _TIMES, change.times)


def clear(session: Session) -> None:
    """Empty the figures and the progress that they are taken from."""
    for table in (ProgressRow, RollupCount, RollupTime):
        session.execute(delete(table))


def counts(session: Session, period: Period, dimension: Dimension) -> dict[str, dict[str, int]]:
    """The sums of the period: value of the dimension -> measure -> count."""
    cells = _COUNTS.c
    query = select(cells.value, cells.measure, func.sum(cells.count).label("total"))
    query = _within(query, _COUNTS, period, dimension).group_by(cells.value, cells.measure)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for value, measure, total in session.execute(query):
        found[value][measure] = int(total)
    return dict(found)


def times(
    session: Session, period: Period, dimension: Dimension
) -> dict[str, dict[str, dict[int, int]]]:
    """The frequencies of the period: value -> interval -> minutes -> count."""
    cells = _TIMES.c
    keys = (cells.value, cells.interval, cells.minutes)
    query = select(*keys, func.sum(cells.count).label("total"))
    query = _within(query, _TIMES, period, dimension).group_by(*keys)
    found: dict[str, dict[str, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
    for value, interval, minutes, total in session.execute(query):
        found[value][interval][minutes] = int(total)
    return {value: dict(intervals) for value, intervals in found.items()}


def whole(session: Session, period: Period) -> Mapping[str, int]:
    """The counts over everything."""
    return counts(session, period, Dimension.ALL).get(WHOLE, {})


def _apply(session: Session, table: Table, change: Counter[Any]) -> None:
    """Change the cells of one event; who has the turn is alone with them."""
    names = [column.name for column in table.primary_key.columns]
    cells = sorted(change.items())
    rows = [dict(zip(names, cell, strict=True)) | {"count": count} for cell, count in cells]
    if not rows:
        return
    total: dict[str, ColumnElement[int]] = {
        "count": literal_column(f"{table.name}.count + excluded.count")
    }
    add = insert(session, table).on_conflict_do_update(index_elements=names, set_=total)
    session.execute(add, rows)
    _remove_empty(session, table, [row for row in rows if row["count"] < 0])


def _remove_empty(session: Session, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """A cell that a rebuild would not make must not stay behind at zero."""
    if rows:
        # Prefixed: a bound name equal to a column's would be taken for a value to set.
        here = [column == bindparam(f"at_{column.name}") for column in table.primary_key.columns]
        cells = [{f"at_{name}": value for name, value in row.items()} for row in rows]
        session.connection().execute(delete(table).where(*here, table.c.count == 0), cells)


def _within(query: Select[Any], table: Table, period: Period, dimension: Dimension) -> Any:
    query = query.where(table.c.dimension == dimension.value)
    if period.first is not None:
        query = query.where(table.c.month >= period.first)
    if period.last is not None:
        query = query.where(table.c.month <= period.last)
    return query
