"""Gate: a published event version may only gain optional fields."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from contracts.events import event_types
from contracts.evolution import Json
from services.cli import contracts

Wanted = Mapping[str, str]
CLOSED = "handoff.referral.closed.v1"
FROZEN = f"schemas/published/{CLOSED}.json"


def published(folder: Path, wanted: Wanted) -> list[str]:
    """The faults of frozen versions alone."""
    return [f for f in contracts.faults(folder, wanted) if f.startswith("schemas/published/")]


def with_event(wanted: Wanted, change: Callable[[Json], object]) -> dict[str, str]:
    """The generated documents, as they would be if the code's event had changed."""
    path = f"schemas/events/{CLOSED}.json"
    schema = json.loads(wanted[path])
    change(schema)
    return {**wanted, path: contracts.text_of(schema)}


def test_every_published_version_is_kept(wanted: Wanted) -> None:
    assert published(contracts.FOLDER, wanted) == []


def test_every_event_version_is_frozen() -> None:
    frozen = {path.stem for path in (contracts.FOLDER / contracts.PUBLISHED).glob("*.json")}
    assert frozen >= set(event_types())


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda s: s["properties"].pop("side"), "side: removed"),
        (lambda s: s["required"].append("side"), "side: required now"),
        (
            lambda s: s["properties"]["outcome"].update(type="integer"),
            "outcome: changed its type or default",
        ),
        (lambda s: s["properties"]["outcome"]["enum"].remove("housed"), "outcome: lost housed"),
        (
            lambda s: s["$defs"]["Facts"]["properties"].pop("language"),
            "Facts.language: removed",
        ),
    ],
)
def test_a_changed_version_is_found_and_generating_does_not_hide_it(
    tree: Path, wanted: Wanted, change: Callable[[Json], object], fault: str
) -> None:
    changed = with_event(wanted, change)
    line = f"{FROZEN}: {fault}: publish a new version beside this one"
    before = (tree / FROZEN).read_bytes()
    assert published(tree, changed) == [line]
    contracts.write(tree, changed)
    assert (tree / FROZEN).read_bytes() == before
    assert published(tree, changed) == [line]


def test_a_version_that_no_code_publishes_any_more_is_found(tree: Path, wanted: Wanted) -> None:
    old = tree / "schemas/published/handoff.referral.closed.v0.json"
    old.write_bytes((tree / FROZEN).read_bytes())
    (fault,) = published(tree, wanted)
    assert fault.startswith("schemas/published/handoff.referral.closed.v0.json: ")
    assert fault.endswith("this version was published: keep it beside the new one")
    contracts.write(tree, wanted)
    assert old.exists()


def test_a_new_optional_field_is_frozen_when_it_is_generated(tree: Path, wanted: Wanted) -> None:
    def add(schema: Json) -> None:
        schema["properties"]["told"] = {"type": ["boolean", "null"], "default": None}

    changed = with_event(wanted, add)
    assert published(tree, changed) == [f"{FROZEN}: new fields not frozen yet: {contracts.MEND}"]
    contracts.write(tree, changed)
    assert published(tree, changed) == []
    assert published(tree, wanted) == [
        f"{FROZEN}: told: removed: publish a new version beside this one"
    ]


def test_a_version_that_is_not_frozen_is_found_and_generating_freezes_it(
    tree: Path, wanted: Wanted
) -> None:
    (tree / FROZEN).unlink()
    assert published(tree, wanted) == [f"{FROZEN}: not frozen yet: {contracts.MEND}"]
    contracts.write(tree, wanted)
    assert published(tree, wanted) == []


def test_generating_leaves_the_frozen_versions_as_they_are(tree: Path, wanted: Wanted) -> None:
    folder = tree / contracts.PUBLISHED
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    contracts.write(tree, wanted)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_frozen_version_that_is_no_json_is_found(tree: Path, wanted: Wanted) -> None:
    (tree / FROZEN).write_text("{", encoding="utf-8")
    (fault,) = published(tree, wanted)
    assert fault.startswith(f"{FROZEN}: no JSON")
