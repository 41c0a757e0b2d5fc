"""Programs and capacity as the bodies show them."""

from datetime import datetime
from typing import Any, Final

from services.matcher.domain.capacity import is_stale
from services.matcher.domain.directory import Program, program_json
from services.matcher.domain.hours import is_open, next_opening
from services.matcher.store.capacity import Stated

_WHY: Final = ("paused_because", "paused_since", "paused_until")


def program_view(
    program: Program, stated: Stated | None, lapses: int | None, now: datetime
) -> dict[str, Any]:
    """A program with its places; of several addresses the first is shown.

    ``lapses`` None = the reader is not to know, nor why the program is paused.
    """
    place = program.places[0] if program.places else None
    hidden = dict.fromkeys(_WHY, None) if lapses is None else {}
    return {
        **program_json(program),
        **hidden,
        "program_id": program.id,
        "lapses_in_a_row": lapses,
        "open_now": is_open(program.hours, program.time_zone, now),
        "next_opening_at": next_opening(program.hours, program.time_zone, now),
        "latitude": place.latitude if place else None,
        "longitude": place.longitude if place else None,
        "address": place.address if place else None,
        "capacity": capacity_view(program.id, stated, now) if stated else None,
    }


def capacity_view(program_id: str, stated: Stated | None, now: datetime) -> dict[str, Any]:
    """A program's places; where none were ever stated, none are free."""
    if stated is None:
        return {
            "program_id": program_id,
            "available": 0,
            "maximum": None,
            "stated_at": None,
            "accepted_counted": True,
            "stated_by": None,
            "free": 0,
            "stale": True,
            "version": 0,
        }
    said = stated.statement
    return {
        "program_id": program_id,
        "available": said.available,
        "maximum": said.maximum,
        "stated_at": said.stated_at,
        "accepted_counted": said.accepted_counted,
        "stated_by": said.stated_by,
        "free": stated.free,
        "stale": is_stale(said.stated_at, now),
        "version": stated.version,
    }
