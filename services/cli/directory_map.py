"""Reading the map of a directory from TOML, and the sheets that it is for."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields as fields_of_class
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate

from contracts.hsds import TABLES
from services.cli import sheet
from services.cli.client import fields_of
from services.cli.directory_source import Found, Placed, faults_of, read_sheets
from services.cli.map_file import MapError
from services.cli.sheet import Sheet, SheetError
from services.matcher.hsds.mapping import (
    DirectoryMap,
    HoursCells,
    MapRowError,
    Point,
    Rule,
    TableMap,
    Values,
)

ORDERS: Final = {"latitude longitude": False, "longitude latitude": True}


def read(path: Path) -> DirectoryMap:
    """Read and check a map; raises MapError naming the first thing that is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        loaded: DirectoryMap = MapSchema().load(content, unknown=RAISE)
    except OSError as error:
        raise MapError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MapError(f"{path} is no TOML: {error}") from None
    except ValidationError as error:
        raise MapError(f"{path}: {'; '.join(fields_of(error.messages))}") from None
    return loaded


def read_mapped(path: Path, by: DirectoryMap) -> Found:
    """The directory that a map makes of one sheet or a folder; raises MapError, SheetError."""
    sheets = sheets_of(path)
    found = Found()
    left = {name: set(one.columns) for name, one in sheets.items()}
    for table in by.tables:
        name, one = _sheet(table, sheets)
        left[name] -= table.needed()
        _map_rows(found, by, table, name, one)
    for name, one in sheets.items():
        found.faults += faults_of(name, one)
        unread = [column for column in one.columns if column in left[name]]
        found.notes += [f"{name}: the map reads no {', '.join(unread)}"] if unread else []
    return found


def sheets_of(path: Path) -> dict[str, Sheet]:
    """A sheet, or those of a folder, by file name; raises SheetError."""
    if path.is_dir():
        sheets, _ = read_sheets(path, package=False, unnamed=True)
        if not sheets:
            raise SheetError(f"{path} holds no CSV file")
        return {f"{name}.csv": one for name, one in sheets.items()}
    return {path.name: sheet.read(path, unnamed=True)}


def _map_rows(found: Found, by: DirectoryMap, table: TableMap, name: str, one: Sheet) -> None:
    kept = found.tables.setdefault(table.table, [])
    seen = {row.cells.get("id") for row in kept}
    for row in one.rows:
        place = row.line if name == f"{table.table}.csv" else f"{name} line {row.line}"
        try:
            made = list(table.rows(by.plain(row.cells)))
        except MapRowError as error:
            found.faults.append({"table": name, "line": row.line, "id": None, "reason": str(error)})
            continue
        for cells in made:
            if not (table.once and cells.get("id") in seen):
                kept.append(Placed(place, cells))
            seen.add(cells.get("id"))


def _sheet(table: TableMap, sheets: Mapping[str, Sheet]) -> tuple[str, Sheet]:
    """The sheet of a table; raises MapError where it is not there, or lacks a column."""
    name = table.sheet or (next(iter(sheets)) if len(sheets) == 1 else "")
    if name not in sheets:
        right = ", ".join(sheets)
        raise MapError(f"table {table.table}: sheet must be one of {right}, not {name or 'blank'}")
    lacks = sorted(table.needed() - set(sheets[name].columns))
    if lacks:
        raise MapError(f"table {table.table}: {name} lacks the column {', '.join(lacks)}")
    return name, sheets[name]


def _zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError("an IANA time zone, such as America/Chicago") from None


def _texts(**options: Any) -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.String(), **options)


def _when(**options: Any) -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.List(fields.String()), **options)


class ValuesSchema(Schema):
    """A table from the cells of a column to the values of a field."""

    column = fields.String(required=True)
    table = _texts(load_default=dict)
    default = fields.String(load_default=None)
    keep = fields.Boolean(load_default=False)

    @post_load
    def _made(self, data: dict[str, Any], **_: object) -> Values:
        return Values(**data)


class PointSchema(Schema):
    """A column that holds latitude and longitude, and their order."""

    column = fields.String(required=True)
    order = fields.String(required=True, validate=validate.OneOf(ORDERS))

    @post_load
    def _made(self, data: dict[str, Any], **_: object) -> Point:
        return Point(data["column"], ORDERS[data["order"]])


class HoursSchema(Schema):
    """The columns of free-text hours."""

    text = fields.String(required=True)
    opens = fields.String(load_default=None)
    closes = fields.String(load_default=None)

    @post_load
    def _made(self, data: dict[str, Any], **_: object) -> HoursCells:
        return HoursCells(**data)


class RuleSchema(Schema):
    """The terms of the rows that fit."""

    when = _when(load_default=dict)
    terms = fields.List(fields.String(), required=True)

    @post_load
    def _made(self, data: dict[str, Any], **_: object) -> Rule:
        return Rule(**data)


class TableSchema(Schema):
    """How rows of a sheet become rows of a table."""

    table = fields.String(required=True, validate=validate.OneOf(TABLES))
    sheet = fields.String()
    once = fields.Boolean()
    only_with = fields.List(fields.String())
    when = _when()
    constants = _texts()
    columns = _texts()
    texts = _texts()
    ids = _texts()
    values = fields.Dict(keys=fields.String(), values=fields.Nested(ValuesSchema))
    point = fields.Nested(PointSchema)
    address = fields.String()
    phone = fields.String()
    hours = fields.Nested(HoursSchema)
    terms = fields.List(fields.Nested(RuleSchema))

    @post_load
    def _made(self, data: dict[str, Any], **_: object) -> TableMap:
        table = TableMap(**data)
        _knows_its_columns(table)
        _has_its_place(table)
        return table


def _knows_its_columns(table: TableMap) -> None:
    """Raises ValidationError for a field that the table does not have."""
    known = TABLES[table.table].columns
    for place in ("constants", "columns", "texts", "ids", "values"):
        strange = sorted(set(getattr(table, place)) - known)
        if strange:
            raise ValidationError(f"{', '.join(strange)}: no column of {table.table}", place)


def _has_its_place(table: TableMap) -> None:
    """Raises ValidationError for a part that another table has."""
    wanted = {"hours": "schedules", "terms": "attributes", "point": "locations"}
    wanted |= {"address": "addresses", "phone": "phones"}
    for field in fields_of_class(table):
        right = wanted.get(field.name)
        if right is not None and getattr(table, field.name) and table.table != right:
            raise ValidationError(f"stands in the table {right} alone", field.name)
    if "id" not in {**table.columns, **table.texts, **table.ids, **table.values}:
        raise ValidationError("nothing says the id of its rows", "columns")


class MapSchema(Schema):
    """The whole map."""

    time_zone = fields.String(required=True, validate=_zone)
    blank = fields.List(fields.String(), load_default=list)
    tables = fields.List(fields.Nested(TableSchema), required=True, validate=validate.Length(min=1))

    @post_load
    def _made(self, data: dict[str, Any], **_: object) -> DirectoryMap:
        return DirectoryMap(data["time_zone"], frozenset(data["blank"]), data["tables"])
