"""Gate: every golden message, however old, decodes and encodes to the same."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema, fields

from contracts import codec, evolution
from contracts.events import EventType, event_types
from contracts.events.lifecycle import LifecycleEvent
from contracts.evolution import Json
from services.cli import contracts

FOLDER = contracts.FOLDER / contracts.EXAMPLES
PATHS = sorted(FOLDER.glob("*/*.json"))
MADE = f"{contracts.EXAMPLES}/handoff.offer.made.v1/full.json"


def read(path: Path) -> Json:
    content: Json = json.loads(path.read_text(encoding="utf-8"))
    return content


def faults(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """The faults of examples alone."""
    return [f for f in contracts.faults(folder, wanted) if f.startswith(contracts.EXAMPLES)]


def doctor(path: Path, change: Callable[[Json], object]) -> None:
    content = read(path)
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def named(schema: Schema, data: Json, where: str = "") -> Iterator[str]:
    """The path of each field of a schema for which an example holds a value."""
    for name, field in schema.fields.items():
        value = data.get(name)
        if value is None or value == []:
            continue
        yield f"{where}{name}"
        nested, held = inner(field, value)
        if nested is not None:
            yield from named(nested, held, f"{where}{name}.")


def declared(schema: Schema, where: str = "") -> Iterator[str]:
    """The path of each field of a schema and of the records nested in it."""
    for name, field in schema.fields.items():
        yield f"{where}{name}"
        nested, _ = inner(field, [None])
        if nested is not None:
            yield from declared(nested, f"{where}{name}.")


def inner(field: fields.Field[Any], value: Any) -> tuple[Schema | None, Any]:
    """The record nested in a field, and its value (the first one, of a list)."""
    if isinstance(field, fields.List):
        field, value = field.inner, value[0]
    return (field.schema, value) if isinstance(field, fields.Nested) else (None, value)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_golden_message_decodes_and_encodes_to_the_same(path: Path) -> None:
    assert evolution.example_faults(path.parent.name, read(path)) == []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_golden_message_means_the_same_after_a_round_trip(path: Path) -> None:
    first = codec.decode(evolution.message_of(read(path)))
    assert codec.decode(codec.encode(first)) == first


@pytest.mark.parametrize("entry", event_types().values(), ids=lambda entry: entry.name)
def test_the_examples_of_an_event_hold_every_field_that_it_declares(entry: EventType) -> None:
    held = {
        field
        for path in (FOLDER / entry.name).glob("*.json")
        for field in named(entry.schema, read(path)["value"])
    }
    assert held == set(declared(entry.schema))


@pytest.mark.parametrize("entry", event_types().values(), ids=lambda entry: entry.name)
def test_every_event_with_optional_fields_has_an_example_without_them(entry: EventType) -> None:
    optional = not all(field.required for field in entry.schema.fields.values())
    if optional or issubclass(entry.event, LifecycleEvent):
        least = read(FOLDER / entry.name / "minimal.json")["value"]
        wanted = {name for name, field in entry.schema.fields.items() if field.required}
        assert set(least) == wanted


def test_the_committed_examples_have_no_fault(wanted: Mapping[str, str]) -> None:
    assert faults(contracts.FOLDER, wanted) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda e: e["value"].pop("deadline_at"), "does not fit its schema: ['deadline_at']"),
        (lambda e: e["value"]["snapshot"].update(name="X"), "value.snapshot.name: dropped"),
        (lambda e: e["headers"].update(ce_type="handoff.offer.made.v7"), "no code knows"),
    ],
)
def test_an_example_that_no_longer_decodes_is_found(
    tree: Path, wanted: Mapping[str, str], change: Callable[[Json], object], fault: str
) -> None:
    doctor(tree / MADE, change)
    (found,) = faults(tree, wanted)
    assert found.startswith(f"{MADE}: ")
    assert fault in found


def test_an_example_that_is_no_json_is_found(tree: Path, wanted: Mapping[str, str]) -> None:
    (tree / MADE).write_text("{", encoding="utf-8")
    (found,) = faults(tree, wanted)
    assert found.startswith(f"{MADE}: no JSON")


def test_an_event_without_any_example_is_found(tree: Path, wanted: Mapping[str, str]) -> None:
    for path in (tree / MADE).parent.iterdir():
        path.unlink()
    expected = f"{contracts.EXAMPLES}/handoff.offer.made.v1: a golden example is needed"
    assert expected in faults(tree, wanted)


def test_an_example_of_a_version_that_no_code_knows_is_found(
    tree: Path, wanted: Mapping[str, str]
) -> None:
    (tree / MADE).parent.rename(tree / contracts.EXAMPLES / "handoff.offer.made.v0")
    doctored = tree / contracts.EXAMPLES / "handoff.offer.made.v0/full.json"
    doctor(doctored, lambda e: e["headers"].update(ce_type="handoff.offer.made.v0"))
    assert any("no code knows handoff.offer.made.v0" in fault for fault in faults(tree, wanted))


def test_one_example_of_several_that_is_gone_is_named(
    tree: Path, wanted: Mapping[str, str]
) -> None:
    (tree / MADE).unlink()
    assert f"{MADE}: is gone, and is kept for ever: bring it back" in faults(tree, wanted)
