"""Bytes to typed events and back, in the CloudEvents binary binding: strict out, tolerant in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from marshmallow import RAISE, ValidationError

from contracts.events import Event, type_named, type_of
from contracts.topics import TOPICS

MAX_BYTES: Final = 64 * 1024
_SEQUENCE: Final = re.compile(r"[1-9][0-9]{0,18}")
# What the columns of an inbox hold.
_LAST_SEQ: Final = 2**31 - 1
_LONGEST_KEY: Final = 80
_JSON: Final = JSONFormat()


class UnreadableError(Exception):
    """No code can read these bytes. The text carries no payload.

    A message that still says where it belongs is parked; one without an address is quarantined.
    """


class UnknownVersionError(Exception):
    """A type or version that this code does not know: park its key until newer code runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event with its place in its stream; ``seq`` is gapless per (topic, key)."""

    id: UUID
    topic: str
    key: str
    seq: int
    time: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class Message:
    """What a topic stores: bytes, with the place in the stream readable from the headers."""

    topic: str
    key: str
    headers: Mapping[str, bytes]
    value: bytes


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message belongs, read from its headers alone; ``type`` may be unknown."""

    topic: str
    key: str
    seq: int
    type: str


def payload(event: Event) -> dict[str, Any]:
    """The JSON of an event; raises ValueError where it would not load again."""
    schema = type_of(event).schema
    try:
        data: dict[str, Any] = schema.dump(event)
        schema.load(data, unknown=RAISE)
    except (ValidationError, AttributeError, TypeError, ValueError) as error:
        fault = f"{type_of(event).name} does not fit its own schema: {_fields(error)}"
        raise ValueError(fault) from None
    return data


def from_payload(type_name: str, data: dict[str, Any]) -> Event:
    """The event of a stored payload; raises UnknownVersionError, UnreadableError."""
    found = type_named(type_name)
    if found is None:
        raise UnknownVersionError(type_name)
    try:
        event: Event = found.schema.load(data)
    except (ValidationError, TypeError, ValueError) as error:
        raise UnreadableError(f"{type_name} does not fit its schema: {_fields(error)}") from None
    return event


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An event as a database keeps it: its envelope with the payload still JSON."""

    id: UUID
    topic: str
    key: str
    seq: int
    time: datetime
    type: str
    data: dict[str, Any]


def encode(envelope: Envelope) -> Message:
    """The message of an envelope; raises ValueError where the topic does not carry the event."""
    name = type_of(envelope.event).name
    return encode_stored(
        Stored(
            id=envelope.id,
            topic=envelope.topic,
            key=envelope.key,
            seq=envelope.seq,
            time=envelope.time,
            type=name,
            data=payload(envelope.event),
        )
    )


def encode_stored(stored: Stored) -> Message:
    """The message of a stored event; raises ValueError where the topic does not carry it."""
    topic = TOPICS.get(stored.topic)
    if topic is None or stored.type not in topic.events:
        raise ValueError(f"topic {stored.topic!r} does not carry {stored.type}")
    attributes = {
        "id": str(stored.id),
        "type": stored.type,
        "source": f"/{topic.producer}",
        "subject": stored.key,
        "time": stored.time,
        "datacontenttype": "application/json",
        "sequence": str(stored.seq),
        "partitionkey": stored.key,
    }
    message = to_binary(CloudEvent(attributes=attributes, data=stored.data), _JSON)
    value = message.value if isinstance(message.value, bytes) else str(message.value).encode()
    return Message(stored.topic, stored.key, dict(message.headers), value)


def address(message: Message) -> Address:
    """The place of a message in its stream; raises UnreadableError where headers do not say."""
    if len(message.value) > MAX_BYTES:
        raise UnreadableError(f"larger than {MAX_BYTES} bytes")
    try:
        name, number = (message.headers[h].decode("utf-8") for h in ("ce_type", "ce_sequence"))
    except (KeyError, UnicodeDecodeError, AttributeError):
        raise UnreadableError("the headers name no type and sequence") from None
    if not _SEQUENCE.fullmatch(number) or int(number) > _LAST_SEQ:
        raise UnreadableError("the sequence must be a whole number, 1 or more")
    if not name or not 1 <= len(message.key) <= _LONGEST_KEY or "\0" in message.key:
        raise UnreadableError(f"a type and a key of 1 to {_LONGEST_KEY} characters are needed")
    return Address(message.topic, message.key, int(number), name)


def decode(message: Message) -> Envelope:
    """The typed event of a message.

    Raises UnreadableError or UnknownVersionError.
    """
    place = address(message)
    if type_named(place.type) is None:
        raise UnknownVersionError(place.type)
    if not {"ce_id", "ce_time"} <= message.headers.keys():
        # The binding would make up a new id and the present time.
        raise UnreadableError("the headers name no id and time")
    try:
        raw = KafkaMessage(dict(message.headers), message.key, message.value)
        cloud = from_binary(raw, _JSON)
        data, time, ident = cloud.get_data(), cloud.get_time(), UUID(cloud.get_id())
    except Exception as error:  # noqa: BLE001 - the binding raises what its parsers raise
        raise UnreadableError(f"no CloudEvent: {type(error).__name__}") from None
    if not isinstance(data, dict) or time is None or time.tzinfo is None:
        raise UnreadableError("a CloudEvent with a zoned time and a JSON object is needed")
    event = from_payload(place.type, data)
    return Envelope(
        id=ident,
        topic=place.topic,
        key=place.key,
        seq=place.seq,
        time=time,
        event=event,
    )


def _fields(error: Exception) -> list[str]:
    """The names of the fields that do not fit, where they are known; their values stay unsaid."""
    return sorted(map(str, error.messages_dict)) if isinstance(error, ValidationError) else []
