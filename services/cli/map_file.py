"""Reading the map of a spreadsheet from TOML, and saying what is wrong with it."""

import tomllib
from collections.abc import Mapping as Table
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from contracts.vocabulary import EntryDoor, Need
from services.cli.client import fields_of
from services.cli.mapping import PLAIN, Mapping, Rule


class MapError(Exception):
    """The map is wrong; the text names the place and says what would be right."""


def read(path: Path) -> Mapping:
    """Read and check a map; raises MapError naming the first thing that is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise MapError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MapError(f"{path} is no TOML: {error}") from None
    try:
        return parse(content)
    except MapError as error:
        raise MapError(f"{path}: {error}") from None


def parse(content: dict[str, Any]) -> Mapping:
    """A checked map of parsed TOML; raises MapError."""
    try:
        loaded = MapSchema().load(content, unknown=RAISE)
    except ValidationError as error:
        raise MapError("; ".join(fields_of(error.messages))) from None
    for place in ("constants", "columns"):
        loaded[place] = _flat(loaded[place])
    for place in ("constants", "columns", "values"):
        _known(loaded[place], place)
    if not _texts(list(loaded["columns"].values())):
        raise MapError('columns: each is a field with its column, such as need = "Need"')
    loaded["rules"] = [_rule(number, rule) for number, rule in enumerate(loaded["rules"], 1)]
    mapping = Mapping(**loaded)
    _has_needs(mapping)
    return mapping


def _has_needs(mapping: Mapping) -> None:
    given = {*mapping.constants, *mapping.columns, *mapping.values}
    for number, rule in enumerate(mapping.rules, 1):
        if not (rule.refuse or rule.tally) and "need" not in given | set(rule.set):
            raise MapError(f"rules {number}: nothing says which need these rows have")


def _zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError("an IANA time zone, such as America/Chicago") from None


class SheetSchema(Schema):
    """How the file is to be read."""

    source = fields.String(required=True, validate=validate.Length(1, 60))
    key = fields.String(load_default=None)
    encounter = fields.String(load_default=None)
    delimiter = fields.String(load_default=",", validate=validate.Length(equal=1))
    encoding = fields.String(load_default=None)
    blank = fields.List(fields.String(), load_default=list)
    time_zone = fields.String(load_default="UTC", validate=_zone)


class ValuesSchema(Schema):
    """A table from the values of a column to those of a field."""

    column = fields.String(required=True)
    table = fields.Dict(keys=fields.String(), load_default=dict)
    default = fields.Raw(load_default=None)


class PointsSchema(Schema):
    """A table from the values of a column to latitude and longitude, in degrees."""

    column = fields.String(required=True)
    table = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.Float(), validate=validate.Length(equal=2)),
        required=True,
    )
    default = fields.List(fields.Float(), validate=validate.Length(equal=2), load_default=None)


class DateSchema(Schema):
    """Where a past row says when it happened."""

    columns = fields.List(fields.String(), required=True, validate=validate.Length(min=1))
    formats = fields.List(fields.String(), required=True, validate=validate.Length(min=1))
    not_ = fields.List(fields.String(), data_key="not", attribute="not", load_default=list)


class MapSchema(Schema):
    """The whole map."""

    sheet = fields.Nested(SheetSchema, required=True)
    constants = fields.Dict(keys=fields.String(), load_default=dict)
    columns = fields.Dict(keys=fields.String(), load_default=dict)
    values = fields.Dict(
        keys=fields.String(), values=fields.Nested(ValuesSchema), load_default=dict
    )
    points = fields.Nested(PointsSchema, load_default=None)
    occurred_at = fields.Nested(DateSchema, load_default=None)
    rules = fields.List(
        fields.Dict(keys=fields.String()),
        required=True,
        validate=validate.Length(min=1),
    )


def _rule(number: int, raw: dict[str, Any]) -> Rule:
    """One checked rule: it has ``when``, and refuses, tallies or sets at least the need."""
    place = f"rules {number}"
    rest = dict(raw)
    when, tally, refuse = (rest.pop(name, None) for name in ("when", "tally", "refuse"))
    if not isinstance(when, dict) or not all(map(_texts, when.values())):
        raise MapError(f'{place}: when must be a table such as {{ result = ["Placed"] }}')
    sets = _flat(rest)
    _known(sets, place)
    if tally is not None and tally not in list(Need):
        raise MapError(f"{place}: tally must be one of {', '.join(Need)}")
    if refuse is not None and (tally or sets or not isinstance(refuse, str)):
        raise MapError(f"{place}: refuse stands alone, with its reason")
    if sets.get("entry_door", EntryDoor.COMMUNITY) not in list(EntryDoor):
        raise MapError(f"{place}: entry_door must be one of {', '.join(EntryDoor)}")
    return Rule(when=when, tally=tally, refuse=refuse, set=sets)


def _texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _flat(nested: Table[str, Any], name: str = "") -> dict[str, Any]:
    """Dotted names for nested tables."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        dotted = f"{name}.{key}" if name else key
        flat |= _flat(value, dotted) if isinstance(value, dict) else {dotted: value}
    return flat


def _known(names: Table[str, Any], place: str) -> None:
    for name in names:
        if name not in PLAIN:
            known = ", ".join(sorted(PLAIN))
            raise MapError(f"{place}: {name} is no field; known: {known}")
