"""The bodies of looking after the directory: its check, and statements of places in bulk."""

from typing import Final

from marshmallow import Schema, fields, validate

from contracts.bodies.matcher import CapacityBody
from contracts.bodies.shared import WholeNumber, slug

MOST_STATEMENTS: Final = 1000
MOST_DAYS: Final = 3650
MOST_FINDINGS: Final = 10_000
TROUBLES: Final = (
    "need_unserved",
    "no_need",
    "no_statement",
    "stale_statement",
    "no_hours",
    "no_phone",
    "no_place",
    "no_point",
    "stale",
    "undated",
)


class CheckQuery(Schema):
    """How old a record may be, in days, and how many findings of each trouble to tell at most."""

    record_days = WholeNumber(load_default=180, validate=validate.Range(min=1, max=MOST_DAYS))
    most = WholeNumber(load_default=1000, validate=validate.Range(min=1, max=MOST_FINDINGS))


class FindingView(Schema):
    """One thing to look after; ``id`` is of a program or listed service, or the need itself."""

    trouble = fields.String(required=True, validate=validate.OneOf(TROUBLES))
    id = fields.String(required=True)
    agency_id = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    since = fields.AwareDateTime(required=True, allow_none=True)


class CheckView(Schema):
    """The findings, the worst first, and how many there are of each trouble in all."""

    counts = fields.Dict(
        keys=fields.String(validate=validate.OneOf(TROUBLES)),
        values=fields.Integer(),
        required=True,
    )
    findings = fields.List(fields.Nested(FindingView), required=True)


class StatementBody(CapacityBody):
    """What is said of one program; without ``as_of`` it holds from now on."""

    program_id = slug(required=True)


class StatementsBody(Schema):
    """An agency's statements, each of another program; all of them are taken, or none."""

    statements = fields.List(
        fields.Nested(StatementBody),
        required=True,
        validate=validate.Length(min=1, max=MOST_STATEMENTS),
    )


class StatementsView(Schema):
    """What came of each program's statement; one that is older than what stands is left out."""

    stated = fields.List(fields.String(), required=True)
    unchanged = fields.List(fields.String(), required=True)
    older = fields.List(fields.String(), required=True)
