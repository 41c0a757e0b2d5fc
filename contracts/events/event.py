"""What every event is: a frozen dataclass, registered with its name, version, topics and schema."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar

from marshmallow import EXCLUDE, Schema, post_load


class Record(Schema):
    """A schema that loads into the dataclass named by ``record``; unknown fields are dropped."""

    record: ClassVar[type[Any]]

    class Meta:
        unknown = EXCLUDE

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> Any:
        """Build the dataclass; lists become tuples, for it is frozen."""
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return self.record(**values)


class Event:
    """A fact that happened, in the past tense; subclasses are frozen dataclasses."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class EventType:
    """One published version of one event; ``name`` is the CloudEvents type."""

    name: str
    version: int
    event: type[Event]
    schema: Record
    topics: tuple[str, ...]


_BY_NAME: Final[dict[str, EventType]] = {}
_BY_CLASS: Final[dict[type[Event], EventType]] = {}

Made = TypeVar("Made", bound=type[Record])


def published(name: str, version: int, *topics: str) -> Callable[[Made], Made]:
    """Register a schema (and its ``record``) as version ``version`` of the event ``name``."""

    def register(schema: Made) -> Made:
        full = f"handoff.{name}.v{version}"
        if full in _BY_NAME:
            raise ValueError(f"{full} is published twice")
        entry = EventType(full, version, schema.record, schema(), topics)
        _BY_NAME[full] = _BY_CLASS[schema.record] = entry
        return schema

    return register


def event_types() -> Mapping[str, EventType]:
    """Every published event version by its CloudEvents type."""
    return dict(_BY_NAME)


def type_named(name: str) -> EventType | None:
    """The event type of a CloudEvents type, or None where no code knows it."""
    return _BY_NAME.get(name)


def type_of(event: Event) -> EventType:
    """The event type of an event object."""
    return _BY_CLASS[type(event)]
