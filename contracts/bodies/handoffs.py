"""The bodies of the warm handoff: what an officer records, and what of it is shown."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from contracts import vocabulary as words
from contracts.bodies.shared import moment, word


class RecordHandoff(Schema):
    """How and when the person was handed over; what is left out stays, null takes a time back."""

    kind = word(words.HandoffKind)
    called_at = moment(allow_none=True)
    arrived_at = moment(allow_none=True)
    left_at = moment(allow_none=True)

    @validates_schema
    def _says_something(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Name at least one field to record.")


class Handoff(Schema):
    """How and when an officer handed the person over; null throughout where nothing is known.

    ``recorded_at`` is when it was recorded or corrected last.
    """

    kind = word(words.HandoffKind, required=True, allow_none=True)
    called_at = fields.AwareDateTime(required=True, allow_none=True)
    arrived_at = fields.AwareDateTime(required=True, allow_none=True)
    left_at = fields.AwareDateTime(required=True, allow_none=True)
    recorded_at = fields.AwareDateTime(required=True, allow_none=True)
