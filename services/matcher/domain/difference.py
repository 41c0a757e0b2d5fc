"""What an import would change: each thing that is new or otherwise, field by field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Thing(StrEnum):
    """What may differ."""

    AGENCY = "agency"
    PROGRAM = "program"
    CAPACITY = "capacity"
    LISTING = "listing"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field as it is and as it would be; None where it is not there."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that would change; ``fields`` empty = it would be new."""

    thing: Thing
    id: str
    fields: tuple[FieldChange, ...] = ()


def difference(
    thing: Thing, key: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> Difference:
    """The difference between what is stored and what would be."""
    if before is None:
        return Difference(thing, key)
    return Difference(thing, key, tuple(_changes(before, after)))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield FieldChange(name, before.get(name), after.get(name))
