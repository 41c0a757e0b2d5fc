"""Reading a directory where it is: a folder of tables, documents, or an HSDS API."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from contracts.hsds import TABLES
from services.cli import sheet
from services.cli.city import filled
from services.cli.sheet import Sheet, SheetError
from services.matcher.hsds.flatten import Flat, Rows, entity_of, table_name, tables_of

FIRST_LINE: Final = 2
LARGEST_FILE: Final = 256 * 1024 * 1024
PACKAGE: Final = "datapackage.json"
# Tables without which there is no directory, then the columns without which a table says nothing.
NEEDED_TABLES: Final = ("organizations", "services")
NEEDED: Final = {
    "organizations": ("id", "name"),
    "services": ("id", "organization_id", "name", "status"),
    "attributes": ("id", "link_id", "taxonomy_term_id"),
    "schedules": ("id",),
    "languages": ("id",),
    "phones": ("id", "number"),
    "locations": ("id",),
    "service_at_location": ("id", "service_id", "location_id"),
    "addresses": ("id", "location_id"),
    "service_capacity": ("id", "service_id", "available", "updated"),
}
_WHERE: Final = re.compile(r"([a-z_]+) line ([0-9]+): ")


@dataclass(frozen=True, slots=True)
class Placed:
    """A row with where it stood: a line of the table's file, or a way into a document."""

    place: int | str
    cells: Mapping[str, str]


@dataclass(slots=True)
class Found:
    """A directory as it was found: its rows by table, what is no row, and what was passed over."""

    tables: dict[str, list[Placed]] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def rows(self) -> dict[str, list[dict[str, str]]]:
        """The rows to send, by table."""
        return {
            name: [filled(dict(row.cells)) for row in rows] for name, rows in self.tables.items()
        }

    def in_source(self, rejected: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Rejections with the places of the source: the suite counts the rows it was sent."""
        return [{**entry, "line": self._place(entry["table"], entry["line"])} for entry in rejected]

    def warning_in_source(self, text: str) -> str:
        """A warning of the suite with the place of the source."""
        match = _WHERE.match(text)
        if match is None:
            return text
        place = self._place(match[1], int(match[2]))
        named = f"line {place}" if isinstance(place, int) else place
        return f"{match[1]} {named}: {text[match.end() :]}"

    def _place(self, table: str, line: object) -> int | str | None:
        rows = self.tables.get(table, [])
        number = line - FIRST_LINE if isinstance(line, int) else -1
        if 0 <= number < len(rows):
            return rows[number].place
        return line if isinstance(line, int) else None


def read_path(path: Path) -> Found:
    """A directory in a folder or a JSON file; raises SheetError where there is none."""
    if path.is_dir():
        return _folder(path)
    if path.suffix.lower() == ".json":
        return of_documents([(path.name, _json(path))])
    raise SheetError(f"{path} is neither a folder nor JSON: a single sheet needs a map (--map)")


def of_documents(documents: Iterable[tuple[str, Any]]) -> Found:
    """The directory that named documents hold; raises SheetError where they hold none."""
    rows, found = Rows(), Found()
    for name, document in documents:
        for hint, part, place in _parts(name, document):
            entity = entity_of(part, hint)
            if entity is None:
                found.notes.append(f"{place} is no part of a directory, and was passed over")
            else:
                rows.add(entity, part, place)
    if "services" not in rows.tables:
        raise SheetError("no service is in these documents: nothing to import")
    for name, flat in rows.tables.items():
        found.tables[name] = [_placed(row) for row in flat.values()]
    found.faults += [
        {"table": w.table, "line": w.place, "id": w.id, "reason": w.reason} for w in rows.wrong
    ]
    return found


def read_sheets(
    path: Path, *, package: bool = True, unnamed: bool = False
) -> tuple[dict[str, Sheet], list[str]]:
    """The CSV files of a folder by name, and what is to be said of them; raises SheetError.

    ``package``: a data package in the folder may name them; ``unnamed``: so may no column be.
    """
    paths, notes = _packaged(path) if package else (None, [])
    if paths is None:
        paths = {file.stem: (file, ",", None) for file in sorted(path.glob("*.csv"))}
    sheets = {name: sheet.read(*given, unnamed=unnamed) for name, given in paths.items()}
    return sheets, notes


def _folder(path: Path) -> Found:
    sheets, notes = read_sheets(path, unnamed=True)
    if sheets:
        return _of_sheets(path, {table_name(name): one for name, one in sheets.items()}, notes)
    files = [file for file in sorted(path.glob("*.json")) if file.name != PACKAGE]
    if not files:
        raise SheetError(f"{path} holds no CSV file and no JSON")
    return of_documents((file.name, _json(file)) for file in files)


def _of_sheets(path: Path, sheets: Mapping[str, Sheet], notes: list[str]) -> Found:
    lacks = _lacks(sheets)
    if lacks:
        raise SheetError(f"{path}: {'; '.join(lacks)}")
    found = Found(notes=notes)
    for name, one in sheets.items():
        found.tables[name] = [Placed(row.line, row.cells) for row in one.rows]
        found.faults += faults_of(name, one)
    return found


def faults_of(name: str, one: Sheet) -> list[dict[str, Any]]:
    """The lines that are no rows, as rejections."""
    return [
        {"table": name, "line": fault.line, "id": None, "reason": fault.reason}
        for fault in one.faults
    ]


def _lacks(sheets: Mapping[str, Sheet]) -> list[str]:
    """What no row can make up for, said once instead of once a row."""
    gone = [f"{name}.csv is missing" for name in NEEDED_TABLES if name not in sheets]
    columns = [
        f"{name}.csv lacks the column {column}"
        for name, needed in NEEDED.items()
        if name in sheets
        for column in needed
        if column not in sheets[name].columns
    ]
    return gone + columns


Located = dict[str, tuple[Path, str, str | None]]


def _packaged(path: Path) -> tuple[Located | None, list[str]]:
    """The files that a data package names; None where there is none that can be read."""
    file = path / PACKAGE
    if not file.is_file():
        return None, []
    try:
        resources = json.loads(file.read_bytes())["resources"]
        named = [_resource(path, one) for one in resources]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, [f"{PACKAGE} is no data package: the tables go by the names of their files"]
    there = {name: given for name, given in named if given[0].is_file()}
    gone = [name for name, _ in named if name not in there]
    notes = [f"{PACKAGE} names files that are not there: {', '.join(gone)}"] if gone else []
    return there or None, notes


def _resource(path: Path, one: Mapping[str, Any]) -> tuple[str, tuple[Path, str, str | None]]:
    """A resource's table, file, delimiter and encoding; a file outside the folder is none."""
    file = (path / one["path"]).resolve()
    if not file.is_relative_to(path.resolve()):
        raise ValueError("a path that leads out of the folder")
    dialect = one.get("dialect") or {}
    delimiter, encoding = dialect.get("delimiter", ","), one.get("encoding")
    if len(delimiter) != 1 or not isinstance(encoding, str | None):
        raise ValueError("a dialect that is none")
    return file.stem, (file, delimiter, encoding)


def _json(path: Path) -> Any:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SheetError(f"{path} is larger than {LARGEST_FILE} bytes")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise SheetError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise SheetError(f"{path} is no JSON: {error}") from None


Part = tuple[str, Mapping[str, Any], str]


def _parts(name: str, document: Any) -> Iterator[Part]:
    """The single documents of one: a list, a page, tables, or itself; with a hint and a place."""
    hint = name.removesuffix(".json")
    if isinstance(document, list):
        yield from _listed(document, hint, name)
    elif isinstance(document, Mapping):
        contents, tables = document.get("contents"), tables_of(document)
        if isinstance(contents, list):
            yield from _listed(contents, hint, name)
        elif tables is not None:
            for table, rows in tables.items():
                yield from _listed(rows, TABLES[table].name, f"{name} {table}")
        else:
            yield hint, document, name


def _listed(documents: list[Any], hint: str, name: str) -> Iterator[Part]:
    for number, one in enumerate(documents):
        yield hint, one if isinstance(one, Mapping) else {}, f"{name} [{number}]"


def _placed(row: Flat) -> Placed:
    return Placed(row.place, row.cells)
