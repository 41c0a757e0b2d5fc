"""Gate: the committed schemas are those that the code generates."""

import json
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import pytest

from contracts.documents import event_schema
from contracts.events import event_types
from contracts.topics import Service
from services.cli import contracts

Wanted = Mapping[str, str]
OFFER_MADE = "schemas/events/handoff.offer.made.v1.json"


def stale(folder: Path, wanted: Wanted) -> list[str]:
    """The faults of generated files alone."""
    return [fault for fault in contracts.faults(folder, wanted) if contracts.MEND in fault]


def test_the_committed_schemas_are_fresh(wanted: Wanted) -> None:
    assert stale(contracts.FOLDER, wanted) == []


def test_there_is_a_document_for_every_event_version_and_every_service(wanted: Wanted) -> None:
    events = {f"schemas/events/{name}.json" for name in event_types()}
    apis = {f"schemas/openapi/{name}.json" for name in Service}
    assert set(wanted) == events | apis | {"schemas/asyncapi.json"}


def test_generation_gives_the_same_bytes_each_time(wanted: Wanted) -> None:
    assert contracts.generated() == wanted


def test_generated_documents_name_no_path_of_this_machine(wanted: Wanted) -> None:
    for text in wanted.values():
        assert str(contracts.FOLDER.parent) not in text
        assert "/tmp" not in text  # noqa: S108 - searched for, not used


@pytest.mark.parametrize(
    "name", [OFFER_MADE, "schemas/asyncapi.json", "schemas/openapi/matcher.json"]
)
def test_a_stale_document_is_found(tree: Path, wanted: Wanted, name: str) -> None:
    text = (tree / name).read_text(encoding="utf-8")
    (tree / name).write_text(text.replace('"string"', '"number"', 1), encoding="utf-8")
    assert stale(tree, wanted) == [f"{name}: stale: {contracts.MEND}"]


def test_a_missing_document_is_found(tree: Path, wanted: Wanted) -> None:
    (tree / OFFER_MADE).unlink()
    assert stale(tree, wanted) == [f"{OFFER_MADE}: stale: {contracts.MEND}"]


def test_a_document_that_no_code_generates_is_found(tree: Path, wanted: Wanted) -> None:
    (tree / "schemas/openapi/oracle.json").write_text("{}", encoding="utf-8")
    (fault,) = stale(tree, wanted)
    assert fault.startswith("schemas/openapi/oracle.json: no code generates this")


def test_generating_mends_every_stale_document(tree: Path, wanted: Wanted) -> None:
    (tree / OFFER_MADE).write_text("{}", encoding="utf-8")
    (tree / "schemas/asyncapi.json").unlink()
    (tree / "schemas/events/handoff.gone.v1.json").write_text("{}", encoding="utf-8")
    assert contracts.write(tree, wanted) == [
        "schemas/asyncapi.json",
        "schemas/events/handoff.gone.v1.json",
        OFFER_MADE,
    ]
    assert contracts.faults(tree, wanted) == []
    assert contracts.write(tree, wanted) == []


@pytest.mark.parametrize("name", sorted(event_types()))
def test_golden_examples_fit_the_published_schema(name: str) -> None:
    checker = jsonschema.Draft202012Validator(
        event_schema(event_types()[name]),
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )
    for path in (contracts.FOLDER / contracts.EXAMPLES / name).glob("*.json"):
        checker.validate(json.loads(path.read_text(encoding="utf-8"))["value"])
