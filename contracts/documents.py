"""The published documents made from the schemas: JSON Schema per event version, AsyncAPI 3."""

from enum import Enum
from typing import Any, Final

from marshmallow import Schema, fields, missing

from contracts.events import EventType, event_types
from contracts.events.event import Record
from contracts.privacy import CLASS, KIND
from contracts.topics import TOPICS, Topic

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI: Final = "3.0.0"
# Version of the AsyncAPI Kafka binding: partitions and topicConfiguration since 0.4.0.
KAFKA_BINDING: Final = "0.5.0"
Json = dict[str, Any]

_PLAIN: Final[dict[type[Any], Json]] = {
    fields.AwareDateTime: {"type": "string", "format": "date-time"},
    fields.Boolean: {"type": "boolean"},
    fields.Integer: {"type": "integer"},
    fields.String: {"type": "string"},
    fields.UUID: {"type": "string", "format": "uuid"},
}
_ATTRIBUTES: Final[dict[str, tuple[str, Json]]] = {
    "ce_id": ("Id of this message, a UUID.", {"format": "uuid"}),
    "ce_type": ("Event type and version.", {}),
    "ce_source": ("The producer, such as /matcher.", {"format": "uri-reference"}),
    "ce_subject": ("The key of the message.", {}),
    "ce_time": ("When it was recorded.", {"format": "date-time"}),
    "ce_sequence": (
        "Gapless number per topic and key, from 1.",
        {"pattern": "^[0-9]+$"},
    ),
    "ce_partitionkey": ("The key of the message.", {}),
    "ce_specversion": ("Version of CloudEvents.", {"const": "1.0"}),
    "content-type": ("Media type of the body.", {"const": "application/json"}),
}


def event_schema(entry: EventType) -> Json:
    """The JSON Schema (2020-12) of one event version; raises TypeError for a field unknown here.

    It says what a consumer accepts: fields beyond it are allowed and dropped.
    """
    shared: dict[str, Json] = {}
    body = _object(entry.schema, shared)
    head = {"$schema": DIALECT, "$id": f"{entry.name}.json", "title": entry.name}
    return head | body | {"$defs": shared}


def asyncapi() -> Json:
    """The AsyncAPI 3 document: topics as channels, who sends and receives on them, messages."""
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "Handoff events",
            "version": "1",
            "description": "CloudEvents in the Kafka binary binding; at least once, in order "
            "per key. Events carry no personal data.",
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(topic) for name, topic in TOPICS.items()},
        "operations": {k: v for topic in TOPICS.values() for k, v in _operations(topic).items()},
        "components": {
            "messages": {name: _message(entry) for name, entry in event_types().items()}
        },
    }


def _object(schema: Schema, shared: dict[str, Json]) -> Json:
    """The JSON Schema of a record; ``shared`` gathers the records nested in it by name."""
    found: Json = {
        "type": "object",
        "properties": {name: _property(field, shared) for name, field in schema.fields.items()},
        "required": sorted(name for name, field in schema.fields.items() if field.required),
    }
    if isinstance(schema, Record):
        found["description"] = _first_line(schema.record)
    return found


def _property(field: fields.Field[Any], shared: dict[str, Json]) -> Json:
    found = _shape(field, shared)
    if field.allow_none:
        found = _nullable(found)
    found |= {
        f"x-{name.replace('_', '-')}": str(field.metadata[name])
        for name in (CLASS, KIND)
        if name in field.metadata
    }
    if field.load_default is not missing:
        found["default"] = _default(field.load_default)
    return found


def _shape(field: fields.Field[Any], shared: dict[str, Json]) -> Json:
    """What a value looks like; a field that this cannot say exactly is refused."""
    if field.validators:
        raise TypeError(f"{field.name}: a validator on an event field is not documented")
    if isinstance(field, fields.Nested):
        return {"$ref": f"#/$defs/{_share(field.schema, shared)}"}
    if isinstance(field, fields.List):
        return {"type": "array", "items": _shape(field.inner, shared)}
    if isinstance(field, fields.Enum):
        return {"type": "string", "enum": [word.value for word in field.enum]}
    if type(field) not in _PLAIN:
        raise TypeError(f"{field.name}: {type(field).__name__} has no JSON Schema here")
    return dict(_PLAIN[type(field)])


def _share(schema: Schema, shared: dict[str, Json]) -> str:
    name = type(schema).__name__.removesuffix("Schema")
    shared[name] = _object(schema, shared)
    return name


def _nullable(found: Json) -> Json:
    if "$ref" in found:
        return {"anyOf": [found, {"type": "null"}]}
    words = {"enum": [*found["enum"], None]} if "enum" in found else {}
    return found | {"type": [found["type"], "null"]} | words


def _default(value: Any) -> Any:
    made = value() if callable(value) else value
    if isinstance(made, Enum):
        return made.value
    return list(made) if isinstance(made, tuple) else made


def _first_line(record: type[Any]) -> str:
    return (record.__doc__ or "").strip().partition("\n")[0]


def _channel(topic: Topic) -> Json:
    """A topic; compacted ones keep the newest message of a key for ever."""
    kept: Json = {"cleanup.policy": ["compact"]}
    if not topic.compacted:
        kept = {
            "cleanup.policy": ["delete"],
            "retention.ms": int(topic.retention.total_seconds() * 1000),
        }
    kafka = {
        "topic": topic.name,
        "partitions": topic.partitions,
        "topicConfiguration": kept,
        "bindingVersion": KAFKA_BINDING,
    }
    return {
        "address": topic.name,
        "description": f"Keyed by {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in topic.events},
        "bindings": {"kafka": kafka},
        "x-key": topic.key,
    }


def _operations(topic: Topic) -> dict[str, Json]:
    """The one sender of a topic, and each of its receivers."""
    channel = {"$ref": f"#/channels/{topic.name}"}
    found = {
        f"{topic.producer}.send.{topic.name}": {
            "action": "send",
            "channel": channel,
            "summary": f"{topic.producer} publishes to {topic.name}.",
        }
    }
    for consumer in sorted(topic.consumers):
        found[f"{consumer}.receive.{topic.name}"] = {
            "action": "receive",
            "channel": channel,
            "summary": f"{consumer} reads {topic.name}.",
            "bindings": {
                "kafka": {
                    "groupId": {"type": "string", "const": consumer.value},
                    "bindingVersion": KAFKA_BINDING,
                }
            },
        }
    return found


def _message(entry: EventType) -> Json:
    keys = sorted({TOPICS[name].key for name in entry.topics})
    return {
        "name": entry.name,
        "title": entry.event.__name__,
        "summary": _first_line(entry.event),
        "contentType": "application/json",
        "headers": _headers(entry.name),
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./events/{entry.name}.json"},
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": " or ".join(keys)},
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _headers(name: str) -> Json:
    """The CloudEvents attributes of one event type."""
    said = {
        header: {"type": "string", "description": text} | more
        for header, (text, more) in _ATTRIBUTES.items()
    }
    said["ce_type"] |= {"const": name}
    return {"type": "object", "properties": said, "required": sorted(said)}
