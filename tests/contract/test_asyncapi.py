"""The AsyncAPI document has the shape of its specification, and its references lead somewhere."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from contracts import documents
from contracts.evolution import Json
from services.cli import contracts

STRUCTURE = Path(__file__).with_name("asyncapi_structure.json")
SCHEMAS = contracts.FOLDER / "schemas"


def structure_faults(document: Json) -> list[str]:
    """Where the document leaves the specification."""
    checker = jsonschema.Draft202012Validator(json.loads(STRUCTURE.read_text(encoding="utf-8")))
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(document)]


def references(part: Any) -> Iterator[str]:
    """Every reference in a document."""
    if isinstance(part, dict):
        for name, value in part.items():
            yield from [value] if name == "$ref" else references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def leads_nowhere(document: Json) -> list[str]:
    """References to a part of the document, or to a file beside it, that is not there."""
    return [ref for ref in references(document) if not _found(document, ref)]


def _found(document: Json, reference: str) -> bool:
    if not reference.startswith("#/"):
        return (SCHEMAS / reference).is_file()
    part: Any = document
    for name in reference.removeprefix("#/").split("/"):
        part = part.get(name, {})
    return bool(part)


def doctored(change: Callable[[Json], object]) -> Json:
    document = json.loads(json.dumps(documents.asyncapi()))
    change(document)
    return dict(document)


def kafka(document: Json, topic: str) -> Json:
    binding: Json = document["channels"][topic]["bindings"]["kafka"]
    return binding


def test_the_document_has_the_shape_of_its_specification() -> None:
    assert structure_faults(documents.asyncapi()) == []


def test_the_structure_that_it_is_held_against_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(STRUCTURE.read_text(encoding="utf-8")))


def test_every_reference_leads_somewhere() -> None:
    assert list(references(documents.asyncapi()))
    assert leads_nowhere(documents.asyncapi()) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda d: d.pop("info"), "'info' is a required property"),
        (lambda d: d.update(asyncapi="2.6.0"), "'3.0.0' was expected"),
        (lambda d: d.update(topics={}), "'topics' does not match"),
        (
            lambda d: d["operations"]["matcher.send.directory.programs"].update(action="publish"),
            "'publish' is not one of",
        ),
        (
            lambda d: d["channels"]["referral.lifecycle"].pop("address"),
            "'address' is a required property",
        ),
        (
            lambda d: kafka(d, "referral.lifecycle").update(partitions=0),
            "0 is less than the minimum",
        ),
    ],
)
def test_a_document_of_another_shape_is_found(change: Callable[[Json], object], fault: str) -> None:
    assert any(fault in found for found in structure_faults(doctored(change)))


@pytest.mark.parametrize(
    "reference", ["#/channels/referral.gossip", "./events/handoff.referral.sung.v1.json"]
)
def test_a_reference_that_leads_nowhere_is_found(reference: str) -> None:
    def mislead(document: Json) -> None:
        operation = document["operations"]["matcher.send.directory.programs"]
        operation["channel"]["$ref"] = reference

    assert leads_nowhere(doctored(mislead)) == [reference]
