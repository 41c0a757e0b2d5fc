"""The documents made from the schemas: each says exactly what its schema loads."""

from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
from marshmallow import fields, validate

from contracts import documents
from contracts.events import EventType, event_types
from contracts.events.event import Event, Record
from contracts.evolution import Json
from contracts.topics import TOPICS

DECLINED = "handoff.offer.declined.v1"


@dataclass(frozen=True)
class Told(Event):
    """Something was told.

    And more about it.
    """

    note: Any


def schema_with(field: fields.Field[Any]) -> EventType:
    """An event type with one field, published nowhere."""
    made = type("ToldSchema", (Record,), {"record": Told, "note": field})
    return EventType("handoff.told.v1", 1, Told, made(), ("referral.lifecycle",))


def property_of(field: fields.Field[Any]) -> Json:
    found: Json = documents.event_schema(schema_with(field))["properties"]["note"]
    return found


def event(name: str) -> Json:
    return documents.event_schema(event_types()[name])


@pytest.mark.parametrize("name", sorted(event_types()))
def test_every_event_schema_is_valid_json_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(event(name))


def test_a_schema_names_its_dialect_its_id_and_what_happened() -> None:
    found = event(DECLINED)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["$id"] == f"{DECLINED}.json"
    assert found["description"] == "The agency said no, before or after acceptance."


def test_only_required_fields_are_required() -> None:
    assert event(DECLINED)["required"] == [
        "agency_id",
        "offer_id",
        "program_id",
        "reason",
        "side",
        "snapshot",
    ]


def test_the_privacy_class_of_every_field_is_published() -> None:
    found = event(DECLINED)
    records = [found, *found["$defs"].values()]
    said = [field for record in records for field in record["properties"].values()]
    assert {field["x-privacy"] for field in said} == {"id", "coarse"}
    assert found["$defs"]["Facts"]["properties"]["age"]["x-coarse-kind"] == "age_in_years"


def test_records_nested_in_an_event_are_described_once() -> None:
    found = event(DECLINED)
    assert sorted(found["$defs"]) == ["Facts", "Holder", "LiveOffer", "OpenAttempt", "Snapshot"]
    assert found["properties"]["snapshot"]["$ref"] == "#/$defs/Snapshot"


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (fields.String(required=True), {"type": "string"}),
        (fields.Integer(load_default=None), {"type": ["integer", "null"], "default": None}),
        (fields.Boolean(load_default=True), {"type": "boolean", "default": True}),
        (fields.UUID(), {"type": "string", "format": "uuid"}),
        (fields.AwareDateTime(), {"type": "string", "format": "date-time"}),
        (
            fields.List(fields.String(), load_default=tuple),
            {"type": "array", "items": {"type": "string"}, "default": []},
        ),
    ],
)
def test_a_field_is_described_as_it_loads(field: fields.Field[Any], said: Json) -> None:
    assert property_of(field) == said


def test_a_word_of_a_closed_list_may_be_null_only_where_the_field_says_so() -> None:
    closed = event("handoff.referral.closed.v1")["properties"]
    assert None in closed["side"]["enum"]
    assert closed["side"]["type"] == ["string", "null"]
    assert None not in closed["outcome"]["enum"]


def test_a_nested_record_may_be_null_where_the_field_says_so() -> None:
    holder = event(DECLINED)["$defs"]["Snapshot"]["properties"]["holder"]
    assert holder["anyOf"] == [{"$ref": "#/$defs/Holder"}, {"type": "null"}]


@pytest.mark.parametrize(
    "field",
    [fields.Raw(), fields.Dict(), fields.Email(), fields.String(validate=validate.Length(max=3))],
    ids=lambda field: type(field).__name__,
)
def test_a_field_that_would_be_described_wrongly_is_refused(field: fields.Field[Any]) -> None:
    with pytest.raises(TypeError, match="note"):
        property_of(field)


def test_every_topic_is_a_channel_with_its_key_and_partitions() -> None:
    channels = documents.asyncapi()["channels"]
    assert set(channels) == set(TOPICS)
    lifecycle = channels["referral.lifecycle"]
    assert lifecycle["x-key"] == "referral id"
    assert lifecycle["bindings"]["kafka"]["partitions"] == 6
    assert DECLINED in lifecycle["messages"]


def test_a_topic_keeps_its_messages_for_its_retention_and_a_compacted_one_the_newest() -> None:
    kept = {
        name: channel["bindings"]["kafka"]["topicConfiguration"]
        for name, channel in documents.asyncapi()["channels"].items()
    }
    thirty_days_ms = 30 * 24 * 60 * 60 * 1000
    assert kept["referral.lifecycle"] == {
        "cleanup.policy": ["delete"],
        "retention.ms": thirty_days_ms,
    }
    assert kept["directory.programs"] == {"cleanup.policy": ["compact"]}


def test_each_topic_has_one_sender_and_every_consumer_as_receiver() -> None:
    operations = documents.asyncapi()["operations"]
    for name, topic in TOPICS.items():
        on = {k: o["action"] for k, o in operations.items() if k.endswith(f".{name}")}
        sent = [k for k, action in on.items() if action == "send"]
        received = {k for k, action in on.items() if action == "receive"}
        assert sent == [f"{topic.producer}.send.{name}"]
        assert received == {f"{c}.receive.{name}" for c in topic.consumers}


def test_a_message_pins_its_type_in_its_headers_and_refers_to_its_schema() -> None:
    message = documents.asyncapi()["components"]["messages"][DECLINED]
    assert message["headers"]["properties"]["ce_type"]["const"] == DECLINED
    assert message["payload"]["schema"] == {"$ref": f"./events/{DECLINED}.json"}
