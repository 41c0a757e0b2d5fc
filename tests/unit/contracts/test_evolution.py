"""The rule of evolution: a published version gains optional fields, and nothing else."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from contracts import evolution
from contracts.documents import event_schema
from contracts.events import event_types
from contracts.evolution import Json

NAME = "handoff.offer.declined.v1"
Change = Callable[[Json], object]


def schema() -> Json:
    return copy.deepcopy(event_schema(event_types()[NAME]))


def after(change: Change) -> Json:
    changed = schema()
    change(changed)
    return changed


def facts(changed: Json) -> Json:
    properties: Json = changed["$defs"]["Facts"]["properties"]
    return properties


FORBIDDEN: list[tuple[Change, str]] = [
    (lambda s: s["properties"].pop("after_acceptance"), "after_acceptance: removed"),
    (lambda s: facts(s).pop("age"), "Facts.age: removed"),
    (lambda s: s["$defs"].pop("Holder"), "Holder: this record was removed"),
    (
        lambda s: (s["properties"].update(by={"type": "string"}), s["required"].append("by")),
        "by: required now",
    ),
    (lambda s: s["required"].append("after_acceptance"), "after_acceptance: required now"),
    (lambda s: s["required"].remove("reason"), "reason: no longer required"),
    (
        lambda s: s["properties"]["agency_id"].update(type="integer"),
        "agency_id: changed its type or default",
    ),
    (lambda s: facts(s)["age"].update(type="integer"), "Facts.age: changed its type or default"),
    (
        lambda s: s["properties"]["offer_id"].pop("format"),
        "offer_id: changed its type or default",
    ),
    (
        lambda s: s["properties"]["after_acceptance"].update(default=True),
        "after_acceptance: changed its type or default",
    ),
    (
        lambda s: facts(s)["preferred"]["items"].update(type="integer"),
        "Facts.preferred: changed its type or default",
    ),
    (lambda s: s["properties"]["side"]["enum"].remove("person"), "side: lost person"),
    (
        lambda s: facts(s)["accommodations"]["items"]["enum"].remove("pets"),
        "Facts.accommodations: lost pets",
    ),
]

ALLOWED: dict[str, Change] = {
    "a new optional field": lambda s: s["properties"].update(
        by={"type": ["string", "null"], "default": None}
    ),
    "a new optional field of a nested record": lambda s: facts(s).update(
        since={"type": ["integer", "null"], "default": None}
    ),
    "a new record": lambda s: s["$defs"].update(
        Visit={"type": "object", "properties": {}, "required": []}
    ),
    "a new word": lambda s: s["properties"]["side"]["enum"].append("both"),
    "a better description": lambda s: s.update(description="Said better."),
    "another privacy class": lambda s: s["properties"]["reason"].update({"x-privacy": "id"}),
}
allowed = pytest.mark.parametrize("change", ALLOWED.values(), ids=list(ALLOWED))


def test_the_same_schema_is_compatible() -> None:
    assert evolution.changes(schema(), schema()) == []


@pytest.mark.parametrize(("change", "fault"), FORBIDDEN, ids=[f for _, f in FORBIDDEN])
def test_what_would_break_a_reader_of_old_or_new_messages_is_named(
    change: Change, fault: str
) -> None:
    assert evolution.changes(schema(), after(change)) == [fault]


@allowed
def test_optional_fields_longer_lists_and_better_words_are_compatible(change: Change) -> None:
    assert evolution.changes(schema(), after(change)) == []


@allowed
def test_a_frozen_schema_gains_and_is_compatible_with_what_it_was_and_what_it_is_now(
    change: Change,
) -> None:
    gained = evolution.grown(schema(), after(change))
    assert evolution.changes(schema(), gained) == []
    assert evolution.changes(gained, after(change)) == []


def test_an_optional_field_that_was_frozen_later_cannot_be_taken_back_either() -> None:
    def add(changed: Json) -> None:
        changed["properties"]["by"] = {"type": ["string", "null"], "default": None}

    gained = evolution.grown(schema(), after(add))
    assert evolution.changes(gained, schema()) == ["by: removed"]


@pytest.mark.parametrize(("change", "fault"), FORBIDDEN, ids=[f for _, f in FORBIDDEN])
def test_growing_never_removes_anything_from_a_frozen_schema(change: Change, fault: str) -> None:
    assert holds(evolution.grown(schema(), after(change)), schema()), fault


def holds(larger: Any, smaller: Any) -> bool:
    """Whether everything in ``smaller`` stands in ``larger`` too."""
    if isinstance(smaller, dict):
        return all(key in larger and holds(larger[key], smaller[key]) for key in smaller)
    if isinstance(smaller, list):
        return all(item in larger for item in smaller)
    return bool(larger == smaller)


def example() -> Json:
    """A small golden message."""
    head = {
        "ce_id": "0195510e-c400-7000-8000-000000000009",
        "ce_type": "handoff.tally.recorded.v1",
        "ce_source": "/referral_api",
        "ce_subject": "north",
        "ce_time": "2027-03-01T08:00:00Z",
        "content-type": "application/json",
        "ce_sequence": "4",
        "ce_partitionkey": "north",
        "ce_specversion": "1.0",
    }
    value = {
        "unit_id": "north",
        "sector": "youth",
        "need": "youth_shelter",
        "entry_door": "community",
    }
    return {"topic": "referral.tallies", "key": "north", "headers": head, "value": value}


def faults(change: Change) -> str:
    changed = example()
    change(changed)
    return "\n".join(evolution.example_faults("handoff.tally.recorded.v1", changed))


def test_an_example_that_decodes_and_encodes_to_the_same_has_no_fault() -> None:
    assert faults(lambda _: None) == ""


def test_an_example_comes_back_from_its_message_as_it_was() -> None:
    assert evolution.example_of(evolution.message_of(example())) == example()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda e: e["headers"].update(ce_type="handoff.tally.recorded.v9"), "no code knows"),
        (lambda e: e["value"].pop("need"), "tally.recorded.v1 does not fit its schema: ['need']"),
        (lambda e: e["value"].update(need="a song"), "does not fit its schema: ['need']"),
        (lambda e: e["value"].update(mood="blue"), "value.mood: dropped"),
        (lambda e: e["value"].update(training="no"), "value.training: comes back changed"),
        (lambda e: e["headers"].update(ce_source="/matcher"), "headers.ce_source"),
        (lambda e: e["headers"].pop("ce_sequence"), "no type and sequence"),
        (lambda e: e.update(topic="referral.gossip"), "does not carry"),
        (lambda e: e.pop("headers"), "an example holds"),
        (lambda e: e.update(headers=[]), "an example holds topic, key, headers and value"),
        (lambda e: e.update(value=7), "JSON object"),
    ],
)
def test_what_is_wrong_with_an_example_is_named(change: Change, fault: str) -> None:
    assert fault in faults(change)


def test_an_example_filed_under_another_event_is_a_fault() -> None:
    found = evolution.example_faults("handoff.offer.made.v1", example())
    assert found == ["this is a message of handoff.tally.recorded.v1"]


@pytest.mark.parametrize("text", ["[]", "7", "null", '"x"'])
def test_an_example_that_is_no_object_is_a_fault(text: str) -> None:
    (fault,) = evolution.example_faults(NAME, json.loads(text))
    assert fault.startswith("an example holds")
