"""Rows of tabular HSDS: their typed values, and what is wrong with them."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from contracts.hsds import TABLES

Tables = Mapping[str, Sequence[Mapping[str, str | None]]]
Built = TypeVar("Built")

ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
PRINTABLE: Final = "must hold no control characters"
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
    """What was found wrong with a directory; the warnings are the keys of ``noted``.

    ``refused``: the rows themselves, for what they were about.
    """

    rejected: list[Rejection] = field(default_factory=list)
    refused: list["Row"] = field(default_factory=list)
    noted: dict[str, None] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out, each said once."""
        return tuple(self.noted)

    def warn(self, text: str) -> None:
        """Note something that was left out; once is enough."""
        self.noted[text] = None

    def leave_out(self, row: "Row", text: str) -> None:
        """Note what is not taken of a row that is."""
        self.warn(f"{row.table} line {row.line}: {text}")

    def reject(self, row: "Row", reason: str) -> None:
        """Note that a row is not taken."""
        self.rejected.append(Rejection(row.table, row.line, row.id or None, reason))
        self.refused.append(row)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of one table; ``extra`` = the columns that its table does not have."""

    table: str
    line: int
    id: str
    values: Mapping[str, str]
    extra: Mapping[str, str] = field(default_factory=dict)

    def text(self, column: str, longest: int = LONGEST_TEXT) -> str | None:
        """A text, None where it is blank; raises RowError where it is too long."""
        value = self.values.get(column, "")
        if len(value) > longest:
            raise RowError(f"{column}: must be at most {longest} characters")
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
        # Spreadsheets write whole numbers as 18.0 where one cell of the column is empty.
        found = re.fullmatch(r"([0-9]{1,9})(?:\.0{1,3})?", value)
        if found is None or int(found[1]) > highest:
            raise RowError(f"{column}: must be a whole number from 0 to {highest}")
        return int(found[1])

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

    def moment(self, column: str) -> datetime:
        """A moment with its zone; raises RowError."""
        try:
            moment = datetime.fromisoformat(self.required(column))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise RowError(f"{column}: must be a moment such as 2026-03-03T22:27:00Z")
        return moment


def read(tables: Tables, name: str, report: Report) -> list[Row]:
    """The rows of a table that have an id of their own; unknown columns are warned about."""
    rows: dict[str, Row] = {}
    strange: dict[str, None] = {}
    for line, raw in enumerate(tables.get(name, ()), 2):
        row = _row(name, line, raw)
        strange |= dict.fromkeys(row.extra)
        strange_text = next((n for n, v in row.values.items() if _UNPRINTABLE.search(v)), None)
        if strange_text is not None:
            report.reject(row, f"{strange_text}: {PRINTABLE}")
        elif not row.id:
            report.reject(row, "id: must not be blank")
        elif rows.setdefault(row.id, row) is not row:
            report.reject(row, "id: stands in this table twice")
    for column in sorted(strange):
        report.warn(f"{name}: column {column} is not known")
    return list(rows.values())


def _row(table: str, line: int, raw: Mapping[str, str | None]) -> Row:
    known = TABLES[table].columns
    cells = {column: (value or "").strip() for column, value in raw.items()}
    values = {name: _plain(name, cell) for name, cell in cells.items() if name in known}
    extra = {
        _UNPRINTABLE.sub("", name): _UNPRINTABLE.sub("", cell)
        for name, cell in cells.items()
        if name not in known
    }
    return Row(table, line, values.get("id", ""), values, extra)


def _plain(column: str, cell: str) -> str:
    """UUIDs are the same in capitals (RFC 9562), so that links meet what they name."""
    is_id = column == "id" or column.endswith("_id")
    return cell.lower() if is_id and _UUID.fullmatch(cell) else cell


def build(rows: Iterable[Row], make: Callable[[Row], Built], report: Report) -> dict[str, Built]:
    """What the rows make, by row id; a row that raises RowError is rejected."""
    made: dict[str, Built] = {}
    for row in rows:
        try:
            made[row.id] = make(row)
        except RowError as error:
            report.reject(row, str(error))
    return made


def slug(row: Row) -> str:
    """The row's id, which becomes an id of ours; raises RowError."""
    if not ID.fullmatch(row.id):
        raise RowError("id: must be 1 to 80 of a-z 0-9 . _ - and begin with a letter or digit")
    return row.id
