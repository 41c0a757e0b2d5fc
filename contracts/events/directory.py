"""The published directory entry of a program (compacted topic ``directory.programs``)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from marshmallow import fields

from contracts.events.event import Event, Record, published
from contracts.privacy import Coarse, coarse, ident, public
from contracts.vocabulary import Need, PauseReason, Sector

TOPIC: Final = "directory.programs"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningHours:
    """Open on ISO weekdays 1 (Monday) to 7; closing at or before opening runs past midnight.

    It stands from the local day ``valid_from`` to ``valid_to``; None = without end.
    """

    weekdays: tuple[int, ...]
    opens_at: str
    closes_at: str
    valid_from: str | None = None
    valid_to: str | None = None


class OpeningHoursSchema(Record):
    """JSON of ``OpeningHours``; times are local, HH:MM, and days YYYY-MM-DD."""

    record = OpeningHours

    weekdays = public(fields.List(fields.Integer(), required=True))
    opens_at = public(fields.String(required=True))
    closes_at = public(fields.String(required=True))
    valid_from = public(fields.String(load_default=None, allow_none=True))
    valid_to = public(fields.String(load_default=None, allow_none=True))


@dataclass(frozen=True, slots=True)
class HandoffPlace:
    """Where a program receives people: an address, and the h3 cell that it lies in."""

    address: str | None = None
    cell: str | None = None


class HandoffPlaceSchema(Record):
    """JSON of ``HandoffPlace``; the cell is of resolution 7."""

    record = HandoffPlace

    address = public(fields.String(load_default=None, allow_none=True))
    cell = public(fields.String(load_default=None, allow_none=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPublished(Event):
    """The newest entry of one program; ``version`` decides, not arrival.

    ``handoff_address`` is that of the first of its ``handoff_places``.

    ``paused_because`` tells why it is paused, ``paused_since`` when that began, and
    ``paused_until`` when it ends by itself; None where nobody knows.
    """

    program_id: str
    agency_id: str
    version: int
    name: str
    agency_name: str
    sector: Sector
    needs: tuple[Need, ...]
    time_zone: str
    hours: tuple[OpeningHours, ...] = ()
    paused: bool = False
    active: bool = True
    training: bool = False
    handoff_phone: str | None = None
    handoff_address: str | None = None
    paused_because: PauseReason | None = None
    paused_since: datetime | None = None
    paused_until: datetime | None = None
    handoff_places: tuple[HandoffPlace, ...] = ()


@published("directory.program_published", 1, TOPIC)
class ProgramPublishedSchema(Record):
    """JSON of ``ProgramPublished``."""

    record = ProgramPublished

    program_id = ident(fields.String(required=True))
    agency_id = ident(fields.String(required=True))
    version = ident(fields.Integer(required=True))
    name = public(fields.String(required=True))
    agency_name = public(fields.String(required=True))
    sector = coarse(Coarse.SECTOR, fields.Enum(Sector, by_value=True, required=True))
    needs = coarse(Coarse.NEED, fields.List(fields.Enum(Need, by_value=True), required=True))
    time_zone = public(fields.String(required=True))
    hours = public(fields.List(fields.Nested(OpeningHoursSchema), load_default=tuple))
    paused = public(fields.Boolean(load_default=False))
    active = public(fields.Boolean(load_default=True))
    training = public(fields.Boolean(load_default=False))
    handoff_phone = public(fields.String(load_default=None, allow_none=True))
    handoff_address = public(fields.String(load_default=None, allow_none=True))
    paused_because = public(
        fields.Enum(PauseReason, by_value=True, load_default=None, allow_none=True)
    )
    paused_since = public(fields.AwareDateTime(load_default=None, allow_none=True))
    paused_until = public(fields.AwareDateTime(load_default=None, allow_none=True))
    handoff_places = public(fields.List(fields.Nested(HandoffPlaceSchema), load_default=tuple))
