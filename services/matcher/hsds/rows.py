"""Rows of tabular HSDS: their typed values, and what is wrong with them."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Final, TypeVar

Tables = Mapping[str, Sequence[Mapping[str, str | None]]]
Built = TypeVar("Built")

ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 4000


class RowError(Exception):
    """A row cannot be taken; the text names the column and what would be right."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was not taken; ``line`` counts the table's rows, its header being 1."""

    table: str
    line: int
    id: str | None
    reason: str


@dataclass(slots=True)
class Report:
    """What was found wrong with a directory."""

    rejected: list[Rejection] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Note something that was left out; once is enough."""
        if text not in self.warnings:
            self.warnings.append(text)

    def reject(self, row: "Row", reason: str) -> None:
        """Note that a row is not taken."""
        self.rejected.append(Rejection(row.table, row.line, row.id or None, reason))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of one table."""

    table: str
    line: int
    id: str
    values: Mapping[str, str]

    def text(self, column: str, longest: int = LONGEST_TEXT) -> str | None:
        """A text, None where it is blank; raises RowError where it is too long."""
        value = self.values.get(column, "")
        if len(value) > longest:
            raise RowError(f"{column}: must be at most {longest} characters")
        if _UNPRINTABLE.search(value):
            raise RowError(f"{column}: must hold no control characters")
        return value or None

    def required(self, column: str, longest: int = LONGEST_NAME) -> str:
        """A text that must not be blank; raises RowError."""
        value = self.text(column, longest)
        if value is None:
            raise RowError(f"{column}: must not be blank")
        return value

    def whole(self, column: str, highest: int) -> int | None:
        """A whole number from 0 on, None where it is blank; raises RowError."""
        value = self.text(column)
        if value is None:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) > highest:
            raise RowError(f"{column}: must be a whole number from 0 to {highest}")
        return int(value)

    def degrees(self, column: str, limit: float) -> float | None:
        """Degrees between -limit and limit, None where it is blank; raises RowError."""
        value = self.text(column)
        if value is None:
            return None
        right = f"{column}: must be degrees from -{limit:g} to {limit:g}"
        if not re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{1,20})?", value):
            raise RowError(right)
        if abs(float(value)) > limit:
            raise RowError(right)
        return float(value)

    def clock(self, column: str) -> str:
        """A local time HH:MM; raises RowError."""
        value = self.required(column)
        if not re.fullmatch(r"[0-2][0-9]:[0-5][0-9]", value) or value > "23:59":
            raise RowError(f"{column}: must be a local time, 00:00 to 23:59")
        return time.fromisoformat(value).isoformat("minutes")

    def moment(self, column: str) -> datetime:
        """A moment with its zone; raises RowError."""
        try:
            moment = datetime.fromisoformat(self.required(column))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise RowError(f"{column}: must be a moment such as 2026-03-03T22:27:00Z")
        return moment


def read(tables: Tables, name: str, columns: str, report: Report) -> list[Row]:
    """The rows of a table that have an id of their own; unknown columns are warned about."""
    rows: list[Row] = []
    known, seen = {"id", *columns.split()}, set()
    strange: set[str] = set()
    for line, raw in enumerate(tables.get(name, ()), 2):
        values = {column: (value or "").strip() for column, value in raw.items()}
        strange |= values.keys() - known
        row = Row(name, line, values.get("id", ""), values)
        if not row.id:
            report.reject(row, "id: must not be blank")
        elif row.id in seen:
            report.reject(row, "id: stands in this table twice")
        else:
            seen.add(row.id)
            rows.append(row)
    report.warnings += [f"{name}: column {column} is not known" for column in sorted(strange)]
    return rows


def build(rows: Iterable[Row], make: Callable[[Row], Built], report: Report) -> dict[str, Built]:
    """What the rows make, by row id; a row that raises RowError is rejected."""
    made: dict[str, Built] = {}
    for row in rows:
        try:
            made[row.id] = make(row)
        except RowError as error:
            report.reject(row, str(error))
    return made


def linked(
    rows: Iterable[Row],
    known: Collection[str],
    make: Callable[[Row], Built],
    report: Report,
    column: str = "service_id",
) -> dict[str, list[Built]]:
    """What the rows make, by the id that they link to; rejects what links to nothing taken."""

    def make_linked(row: Row) -> tuple[str, Built]:
        link = row.required(column)
        if link not in known:
            raise RowError(f"{column}: {link} is nothing that was taken")
        return link, make(row)

    made: dict[str, list[Built]] = {}
    for link, built in build(rows, make_linked, report).values():
        made.setdefault(link, []).append(built)
    return made


def slug(row: Row) -> str:
    """The row's id, which becomes an id of ours; raises RowError."""
    if not ID.fullmatch(row.id):
        raise RowError("id: must be 1 to 80 of a-z 0-9 . _ - and begin with a letter or digit")
    return row.id
