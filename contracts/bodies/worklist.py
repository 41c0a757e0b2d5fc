"""The bodies of the coordinators' worklist: its items, their counts, and whose they are."""

from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validates_schema

from contracts import vocabulary as words
from contracts.bodies.referral_api import ReferralView
from contracts.bodies.shared import LONGEST_NOTE, text, word

LONGEST_SUBJECT: Final = 120
MOST_AT_ONCE: Final = 200


class WorkReason(Schema):
    """One reason why a referral needs a coordinator."""

    why = word(words.Attention, required=True)
    since = fields.AwareDateTime(required=True)
    due_at = fields.AwareDateTime(required=True)


class OpenAnswer(Schema):
    """An offer that has not ended, and what a coordinator may record for its agency."""

    offer_id = fields.UUID(required=True)
    agency_id = fields.String(required=True)
    can = fields.List(word(words.AnswerStep), required=True)


class WorkItem(Schema):
    """A referral that needs a coordinator: why, by when, who has it, and what can be done.

    The list sorts by ``due_at``; ``assigned_to`` is a coordinator's subject, or null for nobody.
    """

    referral = fields.Nested(ReferralView, required=True)
    why = fields.List(fields.Nested(WorkReason), required=True)
    since = fields.AwareDateTime(required=True)
    due_at = fields.AwareDateTime(required=True)
    assigned_to = fields.String(required=True, allow_none=True)
    can = fields.List(word(words.WorklistStep), required=True)
    answers = fields.List(fields.Nested(OpenAnswer), required=True)


class Worklist(Schema):
    """A page of the worklist, the oldest deadline first."""

    items = fields.List(fields.Nested(WorkItem), required=True)
    next = fields.String(required=True, allow_none=True)


class WhyCount(Schema):
    """How many referrals stand in the worklist for one reason; some stand there for several."""

    why = word(words.Attention, required=True)
    count = fields.Integer(required=True)


class WorklistCounts(Schema):
    """How long the worklist is: by reason, in all, the caller's own, and nobody's."""

    items = fields.List(fields.Nested(WhyCount), required=True)
    total = fields.Integer(required=True)
    mine = fields.Integer(required=True)
    nobody = fields.Integer(required=True)


class HandOver(Schema):
    """Whose items go to whom, and why; without ``from`` the caller's own, with null nobody's."""

    taken_from = text(LONGEST_SUBJECT, data_key="from", allow_none=True)
    to = text(LONGEST_SUBJECT, required=True)
    why = word(words.Attention)
    sector = word(words.Sector)
    note = text(LONGEST_NOTE, required=True)

    @validates_schema
    def _moves_something(self, data: dict[str, Any], **_: object) -> None:
        if data.get("taken_from") == data["to"]:
            raise ValidationError("Hand over to somebody else.", "to")


class HandedOver(Schema):
    """How many items changed hands, and how many more would with the same call again."""

    moved = fields.Integer(required=True)
    left = fields.Integer(required=True)
