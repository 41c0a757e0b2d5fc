"""What an erasure leaves of a published payload: nothing that tells of the person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from marshmallow import Schema, fields

from contracts.events.event import type_named
from contracts.privacy import KIND, Coarse

_OF_THE_PERSON: Final = frozenset(
    {
        Coarse.AGE,
        Coarse.LANGUAGE,
        Coarse.CELL,
        Coarse.ELIGIBILITY,
        Coarse.ENTRY_DOOR,
        Coarse.HOUSEHOLD_SIZE,
    }
)
# Ids that lead to the person's other referrals, or tell what they wished; ``excluded`` may, too.
_LEADING: Final = frozenset({"encounter_id", "preferred", "avoided", "excluded"})
# How the person was handed over is theirs, though a state; its times stay, as all times do.
_TOLD: Final = frozenset({"handoff_kind"})
_DAY: Final = "occurred_at"


def redacted(type_name: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """The payload without the person; need, urgency, states and times stay, for totals stay.

    The day of a record of the past becomes its month. None for an event that no code knows.
    """
    found = type_named(type_name)
    return None if found is None else _left(found.schema, data)


def _left(schema: Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in data.items() if _stays(schema.fields.get(name), name)}
    return {name: _inside(schema.fields[name], name, value) for name, value in kept.items()}


def _stays(field: fields.Field[Any] | None, name: str) -> bool:
    if field is None or name in _LEADING | _TOLD:
        return False
    return field.metadata.get(KIND) not in _OF_THE_PERSON


def _inside(field: fields.Field[Any], name: str, value: Any) -> Any:
    if isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
        return [_left(field.inner.schema, each) for each in value]
    if isinstance(field, fields.Nested) and value is not None:
        return _left(field.schema, value)
    return _month(value) if name == _DAY and value is not None else value


def _month(day: str) -> str:
    return month_of(datetime.fromisoformat(day)).isoformat()


def month_of(day: datetime) -> datetime:
    """The first moment of a day's month, in the zone of the day."""
    return day.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
