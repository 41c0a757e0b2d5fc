"""What is listed of the directory for everybody's use: documents with their place in it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid5

# Listed ids are UUIDs; an id that is none gets one, always the same, of this name space.
_NAMES: Final = UUID("6d1f3c1e-6d0b-5f0c-9a57-0c6b1b7a6f53")


class Kind(StrEnum):
    """What is listed."""

    ORGANIZATION = "organization"
    SERVICE = "service"
    SERVICE_AT_LOCATION = "service_at_location"
    TAXONOMY = "taxonomy"
    TAXONOMY_TERM = "taxonomy_term"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One document: ``id`` as served, ``own_id`` as it came, what it belongs to, and its terms.

    ``aside``: columns that the specification does not have, by table and row.
    """

    kind: Kind
    id: str
    own_id: str
    name: str
    agency_id: str | None = None
    service_id: str | None = None
    modified_at: datetime | None = None
    terms: tuple[tuple[str, str], ...] = ()
    body: dict[str, Any] = field(default_factory=dict)
    aside: dict[str, dict[str, str]] = field(default_factory=dict)


@lru_cache(maxsize=100_000)
def public_id(table: str, own_id: str) -> str:
    """The UUID of a row: its id where that is one."""
    try:
        return str(UUID(own_id))
    except ValueError:
        return str(uuid5(_NAMES, f"{table}/{own_id}"))
