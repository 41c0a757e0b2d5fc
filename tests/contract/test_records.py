"""Gate: a dataclass and its schema name the same fields, or a field would vanish on the wire."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from marshmallow import Schema, fields

from contracts.events import event_types
from contracts.events.event import Record


def records(schema: Schema) -> Iterator[Record]:
    """A schema and every record nested in it."""
    if isinstance(schema, Record):
        yield schema
    for field in schema.fields.values():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from records(inner.schema)


def faults(schema: Schema) -> list[str]:
    """Fields that only the dataclass, or only the schema, has."""
    found = []
    for record in records(schema):
        kept = {field.name for field in dataclasses.fields(record.record)}
        for name in sorted(kept ^ set(record.fields)):
            side = "the dataclass" if name in kept else "the schema"
            found.append(f"{record.record.__name__}.{name}: only {side} has it")
    return found


def test_every_event_and_its_schema_name_the_same_fields() -> None:
    found = {name: faults(entry.schema) for name, entry in event_types().items()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_a_field_that_only_one_of_them_has_is_found() -> None:
    @dataclass(frozen=True)
    class Weather:
        mood: str
        wind: str

    class Inner(Record):
        record = Weather
        wind = fields.String()
        rain = fields.String()

    class Outer(Schema):
        days = fields.List(fields.Nested(Inner))

    assert faults(Outer()) == [
        "Weather.mood: only the dataclass has it",
        "Weather.rain: only the schema has it",
    ]
