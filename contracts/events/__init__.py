"""Every event that the services publish, one file per topic family."""

from contracts.events import (
    access,
    consents,
    directory,
    facts,
    handoffs,
    lifecycle,
    routing,
    tallies,
)
from contracts.events.event import Event, EventType, event_types, type_named, type_of

__all__ = [
    "Event",
    "EventType",
    "access",
    "consents",
    "directory",
    "event_types",
    "facts",
    "handoffs",
    "lifecycle",
    "routing",
    "tallies",
    "type_named",
    "type_of",
]
