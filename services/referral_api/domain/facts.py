"""What may be known of a person outside the person table: the coarse facts, or none at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import h3

from contracts.vocabulary import (
    PROTECTED_NEEDS,
    SECTOR_OF,
    Accommodation,
    EntryDoor,
    Need,
    Sector,
    Urgency,
)

# About 5 square kilometres: a part of a town, not an address.
CELL_RESOLUTION: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The coarse facts of one referral; ``avoided`` and ``preferred`` are ids of programs."""

    need: Need
    urgency: Urgency
    entry_door: EntryDoor | None = None
    language: str | None = None
    age: int | None = None
    household_size: int | None = None
    accommodations: tuple[Accommodation, ...] = ()
    cell: str | None = None
    preferred: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()

    @property
    def sector(self) -> Sector:
        """The sector of the need."""
        return SECTOR_OF[self.need]


def coarse(need: Need, urgency: Urgency, said: Mapping[str, Any]) -> Facts:
    """The facts that follow from what was said, by the field names of the submission.

    A protected need leaves everything empty but the programs to avoid: whoever flees from
    somebody who works there must not be sent there, and the ids say nothing of the person.
    """
    avoided = tuple(said.get("avoided_programs") or ())
    if need in PROTECTED_NEEDS:
        return Facts(need=need, urgency=urgency, avoided=avoided)
    return Facts(
        need=need,
        urgency=urgency,
        entry_door=EntryDoor(said["entry_door"]),
        language=said.get("language"),
        age=said.get("age"),
        household_size=said.get("household_size"),
        accommodations=tuple(Accommodation(a) for a in said.get("accommodations") or ()),
        cell=_cell(said.get("place")),
        preferred=tuple(said.get("preferred_programs") or ()),
        avoided=avoided,
    )


def _cell(place: Mapping[str, float] | None) -> str | None:
    if place is None:
        return None
    return str(h3.latlng_to_cell(place["latitude"], place["longitude"], CELL_RESOLUTION))
