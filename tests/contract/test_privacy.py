"""Gate: every field of every event says what it tells; none is personal or left undeclared."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from marshmallow import Schema, fields

from contracts.events import EventType, directory, event_types
from contracts.events.event import Event, Record
from contracts.events.lifecycle import LifecycleSchema
from contracts.events.snapshot import FactsSchema
from contracts.privacy import CLASS, KIND, Coarse, Privacy, coarse, ident, public


def privacy_faults(entry: EventType) -> list[str]:
    """What an event may not carry, each by the path of its field."""
    may_be_public = entry.topics == (directory.TOPIC,)
    return [
        f"{entry.name} {path}: {fault}"
        for path, field in walk(entry.schema)
        if (fault := fault_of(field, may_be_public=may_be_public))
    ]


def walk(schema: Schema, where: str = "") -> Iterator[tuple[str, fields.Field[Any]]]:
    """Every field with its path, through nested records and lists of them."""
    for name, field in schema.fields.items():
        yield f"{where}{name}", field
        within = field.inner if isinstance(field, fields.List) else field
        if isinstance(within, fields.Nested):
            yield from walk(within.schema, f"{where}{name}.")


def fault_of(field: fields.Field[Any], *, may_be_public: bool) -> str | None:
    """Why a field may not stand on an event; only the directory's entries are public."""
    declared, kind = field.metadata.get(CLASS), field.metadata.get(KIND)
    if declared is Privacy.COARSE:
        return None if isinstance(kind, Coarse) else "a coarse fact of no kind in the closed list"
    if declared is Privacy.PUBLIC and not may_be_public:
        return "public facts belong to the directory"
    if declared in {Privacy.ID, Privacy.PUBLIC}:
        return None
    return "personal" if declared is Privacy.PERSONAL else "declares no privacy class"


@dataclass(frozen=True)
class Sung(Event):
    """An event that is published nowhere."""

    note: Any


def entry_with(field: fields.Field[Any], topic: str = "referral.lifecycle") -> EventType:
    """An event type with one field, published nowhere."""
    schema = type("SungSchema", (Record,), {"record": Sung, "note": field})()
    return EventType("handoff.sung.v1", 1, Sung, schema, (topic,))


@pytest.mark.parametrize("entry", event_types().values(), ids=lambda entry: entry.name)
def test_every_field_of_an_event_may_be_told(entry: EventType) -> None:
    assert privacy_faults(entry) == []


def test_the_walk_reaches_the_records_nested_in_every_lifecycle_event() -> None:
    paths = {path for path, _ in walk(LifecycleSchema())}
    assert {"snapshot.facts.age", "snapshot.live_offers.agency_id", "snapshot.holder"} <= paths


def test_the_facts_about_a_person_are_all_coarse_and_each_kind_is_told_once() -> None:
    told = {name: field.metadata.get(KIND) for name, field in FactsSchema().fields.items()}
    # What is answered after the submission stands apart from what was said in it.
    later = {"also_speaks": Coarse.LANGUAGE, "eligibility": Coarse.ELIGIBILITY}
    assert {name: told.pop(name) for name in later} == later
    kinds = [kind for kind in told.values() if kind]
    assert len(kinds) == len(set(kinds))
    assert {name for name, kind in told.items() if kind is None} == {
        "preferred",
        "avoided",
        "training",
        "origin",
    }


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        (fields.String(), "note: declares no privacy class"),
        (fields.String(metadata={CLASS: Privacy.PERSONAL}), "note: personal"),
        (fields.String(metadata={CLASS: "harmless"}), "note: declares no privacy class"),
        (fields.String(metadata={CLASS: Privacy.COARSE}), "note: a coarse fact of no kind"),
        (
            fields.String(metadata={CLASS: Privacy.COARSE, KIND: "surname"}),
            "note: a coarse fact of no kind",
        ),
        (public(fields.String()), "note: public facts belong to the directory"),
        (fields.List(fields.String()), "note: declares no privacy class"),
    ],
)
def test_a_personal_or_undeclared_field_is_found(field: fields.Field[Any], fault: str) -> None:
    (found,) = privacy_faults(entry_with(field))
    assert found.startswith(f"handoff.sung.v1 {fault}")


@pytest.mark.parametrize("wrap", [fields.Nested, lambda s: fields.List(fields.Nested(s))])
def test_a_personal_field_deep_within_an_event_is_found(wrap: Any) -> None:
    deep = type("DeepSchema", (Record,), {"record": Sung, "surname": fields.String()})
    middle = type("MiddleSchema", (Record,), {"record": Sung, "deep": ident(fields.Nested(deep))})
    assert privacy_faults(entry_with(ident(wrap(middle)))) == [
        "handoff.sung.v1 note.deep.surname: declares no privacy class"
    ]


def test_a_public_field_may_stand_on_an_entry_of_the_directory() -> None:
    assert privacy_faults(entry_with(public(fields.String()), directory.TOPIC)) == []


def test_the_closed_list_of_coarse_kinds_is_the_design_s() -> None:
    assert set(Coarse) == {
        "time",
        "sector",
        "need",
        "urgency",
        "age_in_years",
        "language_code",
        "h3_cell_resolution_7",
        "eligibility_code",
        "state",
        "reason",
        "outcome",
        "entry_door",
        "household_size",
    }


def test_declaring_keeps_what_a_field_said_before() -> None:
    field = coarse(Coarse.AGE, fields.Integer(metadata={"description": "years"}))
    assert field.metadata == {"description": "years", CLASS: Privacy.COARSE, KIND: Coarse.AGE}
