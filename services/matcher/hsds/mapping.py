"""How sheets that are not HSDS become its tables, by a map; pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from services.matcher.hsds.cells import address_in, id_in, phone_in, point_in
from services.matcher.hsds.hours_text import hours_of_cells

_FIELD: Final = re.compile(r"\{([^{}]+)\}")
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

Cells = Mapping[str, str]


class MapRowError(Exception):
    """A row does not fit the map; the text names the column."""


@dataclass(frozen=True, slots=True)
class Values:
    """A table from the cells of a column to the values of a field.

    ``default`` None = a cell that the table lacks is kept, or refused, by ``keep``.
    """

    column: str
    table: Mapping[str, str]
    default: str | None = None
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """A column that holds both degrees."""

    column: str
    longitude_first: bool


@dataclass(frozen=True, slots=True)
class HoursCells:
    """The column of free text, and those of times that it may lack."""

    text: str
    opens: str | None = None
    closes: str | None = None

    def columns(self) -> list[str]:
        """The columns that are read."""
        return [name for name in (self.text, self.opens, self.closes) if name]


@dataclass(frozen=True, slots=True)
class Rule:
    """The terms of rows whose cells fit ``when``; ``*`` stands for any text."""

    when: Mapping[str, Sequence[str]]
    terms: Sequence[str]

    def fits(self, cells: Cells) -> bool:
        """Whether every named column holds one of its values."""
        return _fits(self.when, cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMap:
    """How the rows of one sheet become rows of one table of HSDS.

    ``texts`` and ``ids`` are templates such as ``{Name}: {Kind}``; an id keeps small letters,
    digits and dashes of it. ``once``: of rows with the same id the first stands.
    ``only_with``: a row without one of these fields is none.
    """

    table: str
    sheet: str | None = None
    once: bool = False
    only_with: Sequence[str] = ()
    when: Mapping[str, Sequence[str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Values] = field(default_factory=dict)
    point: Point | None = None
    address: str | None = None
    phone: str | None = None
    hours: HoursCells | None = None
    terms: Sequence[Rule] = ()

    def needed(self) -> set[str]:
        """Every column of the sheet that the map reads."""
        named = {*self.when, *self.columns.values(), *(v.column for v in self.values.values())}
        for template in (*self.texts.values(), *self.ids.values()):
            named |= set(_FIELD.findall(template))
        named |= {self.point.column} if self.point else set()
        named |= {name for name in (self.address, self.phone) if name}
        named |= set(self.hours.columns()) if self.hours else set()
        return named | {column for rule in self.terms for column in rule.when}

    def rows(self, cells: Cells) -> Iterator[dict[str, str]]:
        """The rows that one row of the sheet makes; raises MapRowError."""
        if not _fits(self.when, cells):
            return
        row = self._fields(cells)
        if not all(row.get(name) for name in self.only_with):
            return
        if self.hours is not None:
            yield from _schedules(row, self.hours, cells)
        elif self.terms:
            yield from self._attributes(row, cells)
        else:
            yield row

    def _fields(self, cells: Cells) -> dict[str, str]:
        row = dict(self.constants)
        row |= {name: cells[column] for name, column in self.columns.items() if cells[column]}
        row |= {name: _filled(template, cells) for name, template in self.texts.items()}
        row |= {name: id_in(_filled(template, cells)) for name, template in self.ids.items()}
        for name, values in self.values.items():
            row[name] = _looked_up(name, values, cells[values.column])
        if self.point is not None:
            row |= point_in(cells[self.point.column], longitude_first=self.point.longitude_first)
        row |= phone_in(cells[self.phone]) if self.phone else {}
        return row | (address_in(cells[self.address]) if self.address else {})

    def _attributes(self, row: dict[str, str], cells: Cells) -> Iterator[dict[str, str]]:
        """A row for each term; of needs those of the first rule alone that names some."""
        needs: list[str] = []
        terms: list[str] = []
        for rule in (rule for rule in self.terms if rule.fits(cells)):
            found = [term for term in rule.terms if term.startswith("need:")]
            needs = needs or found
            terms += [term for term in rule.terms if term not in found]
        for term in dict.fromkeys([*needs, *terms]):
            name, _, value = term.partition("=")
            yield row | {
                "id": f"{row['id']}-{id_in(name)}",
                "taxonomy_term_id": name,
                "value": _filled(value, cells),
            }


@dataclass(frozen=True, slots=True)
class DirectoryMap:
    """A checked map: the zone of its times, the cells that say nothing, and its tables."""

    time_zone: str
    blank: frozenset[str]
    tables: Sequence[TableMap]

    def plain(self, cells: Cells) -> dict[str, str]:
        """The cells of a row, without those that say nothing."""
        return {name: "" if cell in self.blank else cell for name, cell in cells.items()}


def _schedules(row: dict[str, str], hours: HoursCells, cells: Cells) -> Iterator[dict[str, str]]:
    """A row for each opening that is certain, else one with the text alone."""
    text = cells[hours.text]
    opens, closes = (cells[name] if name else "" for name in (hours.opens, hours.closes))
    if not text:
        return
    read = hours_of_cells(text, opens, closes)
    if read is None:
        said = " ".join(filter(None, (text, "-".join(filter(None, (opens, closes))))))
        yield row | {"description": said}
        return
    for number, entry in enumerate(read, 1):
        yield row | {
            "id": f"{row['id']}-{number}",
            "freq": "WEEKLY",
            "byday": ",".join(_DAYS[day - 1] for day in entry.weekdays),
            "opens_at": entry.opens_at,
            "closes_at": entry.closes_at,
            "description": text,
        }


def _filled(template: str, cells: Cells) -> str:
    return _FIELD.sub(lambda match: cells[match[1]], template).strip()


def _looked_up(name: str, values: Values, cell: str) -> str:
    if cell in values.table:
        return values.table[cell]
    if values.default is not None:
        return values.default
    if cell and not values.keep:
        raise MapRowError(f"{values.column}: {cell!r} is in no table of values for {name}")
    return cell


def _fits(when: Mapping[str, Sequence[str]], cells: Cells) -> bool:
    return all(
        any(fnmatchcase(cells[column].lower(), value.lower()) for value in values)
        for column, values in when.items()
    )
