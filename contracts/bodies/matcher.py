"""The bodies of the matcher: directory imports, programs and capacity."""

from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from contracts.bodies.shared import count, flag, moment
from contracts.vocabulary import Accommodation, Need, PauseReason, Sector

MOST_PLACES: Final = 100_000
MOST_TABLES: Final = 50


def _zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError("Name an IANA time zone, such as America/Chicago.") from None


def _cells() -> fields.Dict:
    """One row of a table: column name to text; blank or null says nothing."""
    return fields.Dict(
        keys=fields.String(validate=validate.Length(max=80)), values=fields.String(allow_none=True)
    )


class ImportBody(Schema):
    """A directory in tabular HSDS 3.1: each table as a list of its rows.

    ``part``: it is one part of several, so nothing is said of what it leaves out.
    """

    tables = fields.Dict(
        keys=fields.String(validate=validate.Length(min=1, max=80)),
        values=fields.List(_cells()),
        required=True,
        validate=validate.Length(min=1, max=MOST_TABLES),
    )
    time_zone = fields.String(required=True, validate=[validate.Length(min=1, max=64), _zone])
    accept_partial = flag(load_default=False)
    dry_run = flag(load_default=False)
    part = flag(load_default=False)


class FieldChangeView(Schema):
    """A field as it is and as it would be: text, or the JSON of what is none."""

    name = fields.String(required=True)
    before = fields.String(required=True, allow_none=True)
    after = fields.String(required=True, allow_none=True)


class DifferenceView(Schema):
    """One thing that an import would change; without fields it would be new."""

    thing = fields.String(
        required=True, validate=validate.OneOf(["agency", "program", "capacity", "listing"])
    )
    id = fields.String(required=True)
    fields_changed = fields.List(fields.Nested(FieldChangeView), required=True)


class RejectionView(Schema):
    """A row that was not taken; ``line`` counts the table's rows, its header being 1."""

    table = fields.String(required=True)
    line = fields.Integer(required=True)
    id = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)


class ImportView(Schema):
    """What an import did; ``changed`` and ``unchanged`` count programs.

    ``listed`` counts documents that an HSDS API serves otherwise than before; ``differences`` is
    told of a dry run alone.
    """

    applied = fields.Boolean(required=True)
    agencies = fields.Integer(required=True)
    programs = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    statements = fields.Integer(required=True)
    listed = fields.Integer()
    differences = fields.List(fields.Nested(DifferenceView))
    rejected = fields.List(fields.Nested(RejectionView), required=True)
    warnings = fields.List(fields.String(), required=True)


class CapacityBody(Schema):
    """An agency's statement; ``accepted_counted``: no accepted person is still in ``available``."""

    available = count(0, MOST_PLACES, required=True)
    maximum = count(0, MOST_PLACES, load_default=None, allow_none=True)
    as_of = moment(load_default=None, allow_none=True)
    accepted_counted = flag(load_default=True)

    @validates_schema
    def _fits(self, data: dict[str, Any], **_: object) -> None:
        if data["maximum"] is not None and data["maximum"] < data["available"]:
            raise ValidationError("Must not be below available.", "maximum")


class CapacityView(Schema):
    """A program's places: as stated, and how many are free; version 0 = never stated.

    ``stale``: it was said too long ago to rely on, or never: ask.
    """

    program_id = fields.String(required=True)
    available = fields.Integer(required=True)
    maximum = fields.Integer(required=True, allow_none=True)
    stated_at = fields.AwareDateTime(required=True, allow_none=True)
    accepted_counted = fields.Boolean(required=True)
    stated_by = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(["agency", "import"])
    )
    free = fields.Integer(required=True)
    stale = fields.Boolean()
    version = fields.Integer(required=True)


class RequirementView(Schema):
    """Something that a program asks of those it takes."""

    rule = fields.String(required=True)
    detail = fields.String(required=True, allow_none=True)


class HoursView(Schema):
    """Open on ISO weekdays 1 (Monday) to 7, local HH:MM; closing not after opening = next day.

    It stands from the local day ``valid_from`` to ``valid_to``, both included; null = without end.
    """

    weekdays = fields.List(fields.Integer(), required=True)
    opens_at = fields.String(required=True)
    closes_at = fields.String(required=True)
    valid_from = fields.String(allow_none=True)
    valid_to = fields.String(allow_none=True)


class ProgramView(Schema):
    """A program as the directory shows it; ages in years, inclusive.

    Why and since when it is paused, and how many offers to its agency lapsed in a row, is told to
    that agency, coordinators and admins alone: to all others these are null.
    """

    program_id = fields.String(required=True)
    agency_id = fields.String(required=True)
    agency_name = fields.String(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True, allow_none=True)
    sector = fields.Enum(Sector, by_value=True, required=True)
    needs = fields.List(fields.Enum(Need, by_value=True), required=True)
    minimum_age = fields.Integer(required=True, allow_none=True)
    maximum_age = fields.Integer(required=True, allow_none=True)
    languages = fields.List(fields.String(), required=True)
    interpretation = fields.String(required=True, allow_none=True)
    accommodations = fields.List(fields.Enum(Accommodation, by_value=True), required=True)
    eligibility = fields.List(fields.Nested(RequirementView), required=True)
    hours = fields.List(fields.Nested(HoursView), required=True)
    time_zone = fields.String(required=True)
    open_now = fields.Boolean(required=True)
    next_opening_at = fields.AwareDateTime(required=True, allow_none=True)
    latitude = fields.Float(required=True, allow_none=True)
    longitude = fields.Float(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    active = fields.Boolean(required=True)
    paused = fields.Boolean(required=True)
    paused_because = fields.Enum(PauseReason, by_value=True, allow_none=True)
    paused_since = fields.AwareDateTime(allow_none=True)
    paused_until = fields.AwareDateTime(allow_none=True)
    lapses_in_a_row = fields.Integer(allow_none=True)
    training = fields.Boolean(required=True)
    version = fields.Integer(required=True)
    capacity = fields.Nested(CapacityView, required=True, allow_none=True)


class ProgramPage(Schema):
    """A page of programs."""

    items = fields.List(fields.Nested(ProgramView), required=True)
    next = fields.String(required=True, allow_none=True)
