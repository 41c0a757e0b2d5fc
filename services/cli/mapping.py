"""What a row of a spreadsheet is by its map: a referral, a tally or neither, and its fields."""

import re
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.cli.sheet import Row

PLAIN: Final = frozenset(
    {
        "need",
        "urgency",
        "entry_door",
        "note",
        "preferred_programs",
        "avoided_programs",
        "voluntary",
        "person.name",
        "person.phone",
        "person.email",
        "person.where_to_find",
        "person.safe_contact",
        "person.safe_contact_note",
        "person.language",
        "person.age",
        "person.household_size",
        "person.accommodations",
        "consent.scope",
        "consent.given_by",
        "consent.method",
        "consent.representative_name",
        "place.latitude",
        "place.longitude",
    }
)
WHOLE: Final = frozenset({"person.age", "person.household_size"})
DECIMAL: Final = frozenset({"place.latitude", "place.longitude"})
LISTS: Final = frozenset({"preferred_programs", "avoided_programs", "person.accommodations"})
_SEPARATOR: Final = re.compile(r"[;|]")


@dataclass(frozen=True, slots=True)
class Submission:
    """The row is a referral; ``body`` is to be submitted."""

    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tally:
    """Help was offered and the person said no."""

    need: str
    entry_door: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The row is no referral; ``decided`` where the map itself says so, not a fault in the row."""

    reason: str
    decided: bool = False


Verdict = Submission | Tally | Refusal


class RowError(Exception):
    """A cell does not hold what the map expects; the text names the column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is to be made of the rows whose cells fit ``when``; the first rule that fits counts."""

    when: Table[str, list[str]]
    tally: str | None = None
    refuse: str | None = None
    set: Table[str, Any] = field(default_factory=dict)

    def fits(self, cells: Table[str, str]) -> bool:
        """Whether every named column holds one of its values (``*`` stands for any text)."""
        return all(
            any(_matches(cells[column], value) for value in values)
            for column, values in self.when.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A checked map; see docs/howto/import-a-spreadsheet.md for its tables."""

    sheet: Table[str, Any]
    rules: list[Rule]
    constants: Table[str, Any] = field(default_factory=dict)
    columns: Table[str, str] = field(default_factory=dict)
    values: Table[str, Table[str, Any]] = field(default_factory=dict)
    points: Table[str, Any] | None = None
    occurred_at: Table[str, Any] | None = None

    def needed(self) -> set[str]:
        """Every column that the map reads."""
        named = {column for rule in self.rules for column in rule.when}
        named |= {*self.columns.values(), *(v["column"] for v in self.values.values())}
        named |= {self.sheet[name] for name in ("key", "encounter") if self.sheet[name]}
        named |= {self.points["column"]} if self.points else set()
        return named | set(self.occurred_at["columns"] if self.occurred_at else ())

    def verdict(self, row: Row) -> Verdict:
        """What this row is."""
        blank = self.sheet["blank"]
        rule = next((rule for rule in self.rules if rule.fits(row.cells)), None)
        if rule is None:
            return Refusal("no rule of the map fits this row")
        if rule.refuse:
            return Refusal(rule.refuse, decided=True)
        cells = {name: "" if cell in blank else cell for name, cell in row.cells.items()}
        try:
            if rule.tally:
                return Tally(rule.tally, self._door(rule, cells))
            return Submission(self._body(rule, cells))
        except RowError as error:
            return Refusal(str(error))

    def _body(self, rule: Rule, cells: Table[str, str]) -> dict[str, Any]:
        flat = self._fields(rule, cells)
        if self.occurred_at is not None:
            flat |= {"origin": "imported", "occurred_at": self._moment(cells)}
        body: dict[str, Any] = {}
        for name, value in flat.items():
            part, _, leaf = name.rpartition(".")
            (body.setdefault(part, {}) if part else body)[leaf] = value
        return body

    def _fields(self, rule: Rule, cells: Table[str, str]) -> dict[str, Any]:
        """Constants, over them columns, value tables and points, and what the rule itself sets."""
        flat: dict[str, Any] = dict(self.constants)
        for name, column in self.columns.items():
            if cells[column]:
                flat[name] = typed(name, cells[column], column)
        for name, table in self.values.items():
            flat |= _looked_up(name, table, cells)
        if self.points is not None:
            flat |= self._place(self.points, cells)
        return flat | dict(rule.set)

    def _door(self, rule: Rule, cells: Table[str, str]) -> str:
        flat = self._fields(rule, cells)
        if "entry_door" not in flat:
            raise RowError("the map gives this tally no entry_door")
        return str(flat["entry_door"])

    def _place(self, points: Table[str, Any], cells: Table[str, str]) -> dict[str, Any]:
        cell = cells[points["column"]]
        point = points["table"].get(cell, points["default"])
        if point is None and cell:
            raise RowError(f"{points['column']}: {cell!r} is in no table of points")
        return {"place.latitude": point[0], "place.longitude": point[1]} if point else {}

    def _moment(self, cells: Table[str, str]) -> str:
        """The first date of the row that can be read, in UTC."""
        asked = self.occurred_at or {}
        for column in asked["columns"]:
            if cells[column] and not cells[column].startswith(tuple(asked["not"])):
                zone = ZoneInfo(self.sheet["time_zone"])
                return _read_date(cells[column], asked["formats"], zone, column)
        raise RowError(f"{', '.join(asked['columns'])}: no date in this row")


def typed(name: str, text: str, column: str) -> Any:
    """A cell as the field wants it; raises RowError."""
    try:
        if name in WHOLE:
            return int(text)
        if name in DECIMAL:
            return float(text)
    except ValueError:
        raise RowError(f"{column}: {text!r} is no number for {name}") from None
    if name in LISTS:
        return [part.strip() for part in _SEPARATOR.split(text) if part.strip()]
    return text


def _matches(cell: str, value: str) -> bool:
    pattern = ".*".join(map(re.escape, value.split("*")))
    return re.fullmatch(pattern, cell, re.DOTALL) is not None


def _looked_up(name: str, table: Table[str, Any], cells: Table[str, str]) -> dict[str, Any]:
    cell = cells[table["column"]]
    value = table["table"].get(cell, table["default"])
    if value is None and cell:
        raise RowError(f"{table['column']}: {cell!r} is in no table of values for {name}")
    return {} if value is None else {name: value}


def _read_date(text: str, formats: list[str], zone: ZoneInfo, column: str) -> str:
    for form in formats:
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 - the zone follows
        except ValueError:
            continue
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return zoned.isoformat()
    raise RowError(f"{column}: {text!r} is no date of the form {' or '.join(formats)}")
