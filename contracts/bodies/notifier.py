"""What the notifier takes and answers: contacts, notices, outcomes."""

from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates, validates_schema

from contracts.bodies.shared import WholeNumber, email_address, flag

NOTICE_STATES: Final = ("pending", "no_contact", "sent", "failed", "dropped")
DIMENSIONS: Final = (
    *("sector", "agency", "urgency", "entry_door", "language", "age_band"),
    "handoff",
)
MOST_CONTACTS: Final = 20
_LINE: Final = validate.Regexp(
    r"^[^\x00-\x1f\x7f\ud800-\udfff]*$(?!\n)", error="must be one line of printable characters"
)
_MONTH: Final = validate.Regexp(
    r"^[0-9]{4}-(0[1-9]|1[0-2])$(?!\n)", error="must be a month as YYYY-MM, such as 2027-03"
)
_CONTACTS: Final = validate.Length(max=MOST_CONTACTS, error=f"at most {MOST_CONTACTS} contacts")


class ContactBody(Schema):
    """A member of staff who is written to; one on call in a crisis only."""

    name = fields.String(
        load_default=None, allow_none=True, validate=[validate.Length(1, 80), _LINE]
    )
    email = email_address(required=True)
    on_call = flag(load_default=False)


class ContactsBody(Schema):
    """All contacts of a recipient; an empty list stops its mail."""

    contacts = fields.List(fields.Nested(ContactBody), required=True, validate=_CONTACTS)

    @validates("contacts")
    def each_once(self, contacts: list[dict[str, Any]], **_: object) -> None:
        """Nobody gets the same letter twice."""
        # One without an address is told so by its own schema.
        addresses = [contact["email"].lower() for contact in contacts if "email" in contact]
        if len(set(addresses)) < len(addresses):
            raise ValidationError("must name each address once")


class ContactView(Schema):
    """A staff contact."""

    name = fields.String(allow_none=True)
    email = fields.String(required=True)
    on_call = fields.Boolean(required=True)


class ContactsView(Schema):
    """The contacts of a recipient: an agency id, or ``coordinator``; version 0 = none stated."""

    recipient = fields.String(required=True)
    contacts = fields.List(fields.Nested(ContactView), required=True)
    version = fields.Integer(required=True)


class NoticesQuery(Schema):
    """Which notices to list."""

    referral_id = fields.UUID(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf(NOTICE_STATES))
    after = fields.String(
        load_default=None,
        validate=validate.Length(min=1, max=1000),
        metadata={"description": "the `next` of the page before"},
    )
    limit = WholeNumber(load_default=50, validate=validate.Range(min=1, max=200))


class NoticeView(Schema):
    """A notice and what became of it; ``no_contact`` waits until its recipient names somebody.

    A notice of an agency as such has no referral.
    """

    notice_id = fields.UUID(required=True)
    referral_id = fields.UUID(required=True, allow_none=True)
    recipient = fields.String(required=True)
    template = fields.String(required=True)
    version = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(NOTICE_STATES))
    attempts = fields.Integer(required=True)
    failure = fields.String(allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    next_at = fields.AwareDateTime(required=True)
    sent_at = fields.AwareDateTime(allow_none=True)


class NoticePage(Schema):
    """One page of notices, oldest first."""

    items = fields.List(fields.Nested(NoticeView), required=True)
    next = fields.String(required=True, allow_none=True)


class PeriodQuery(Schema):
    """Months in which referrals were submitted, both included; without them, all."""

    first_month = fields.String(data_key="from", load_default=None, validate=_MONTH)
    last_month = fields.String(data_key="to", load_default=None, validate=_MONTH)

    @validates_schema
    def forwards(self, data: dict[str, Any], **_: object) -> None:
        """A period ends after it began."""
        first, last = data.get("first_month"), data.get("last_month")
        if first and last and first > last:
            raise ValidationError({"from": ["must not be after `to`"]})


class SummaryQuery(PeriodQuery):
    """A period, and what to break it down by."""

    by = fields.String(load_default=None, validate=validate.OneOf(DIMENSIONS))


class RateView(Schema):
    """A rate as its two sums; null where there is nothing to share."""

    numerator = fields.Integer(required=True)
    denominator = fields.Integer(required=True)
    value = fields.Float(required=True, allow_none=True)


class TimeView(Schema):
    """How long something took, in whole minutes; null where it never happened."""

    count = fields.Integer(required=True)
    median = fields.Integer(required=True, allow_none=True)
    p90 = fields.Integer(required=True, allow_none=True)


class GroupView(Schema):
    """The figures of one value of a dimension."""

    value = fields.String(required=True)
    counts = fields.Dict(fields.String(), fields.Integer(), required=True)
    rates = fields.Dict(fields.String(), fields.Nested(RateView), required=True)
    times = fields.Dict(fields.String(), fields.Nested(TimeView), required=True)


class RateDefinitionView(Schema):
    """The formula of a rate in the names of the counts, and in words."""

    formula = fields.String(required=True)
    meaning = fields.String(required=True)


class DefinitionsView(Schema):
    """What every figure means."""

    counts = fields.Dict(fields.String(), fields.String(), required=True)
    rates = fields.Dict(fields.String(), fields.Nested(RateDefinitionView), required=True)
    times = fields.Dict(fields.String(), fields.String(), required=True)
    notes = fields.List(fields.String(), required=True)


class PeriodView(Schema):
    """The months that an answer covers; null = without end."""

    first_month = fields.String(data_key="from", required=True, allow_none=True)
    last_month = fields.String(data_key="to", required=True, allow_none=True)


class SummaryView(PeriodView):
    """The whole and, by a dimension, each group."""

    by = fields.String(required=True, allow_none=True)
    total = fields.Nested(GroupView, required=True)
    groups = fields.List(fields.Nested(GroupView), required=True)
    definitions = fields.Nested(DefinitionsView, required=True)


class StageView(Schema):
    """How many referrals came to a stage, and their share of those submitted."""

    stage = fields.String(required=True)
    count = fields.Integer(required=True)
    share = fields.Float(required=True, allow_none=True)
    definition = fields.String(required=True)


class FunnelView(PeriodView):
    """The stages in order; ``beside`` = what keeps referrals from the next stage."""

    stages = fields.List(fields.Nested(StageView), required=True)
    beside = fields.List(fields.Nested(StageView), required=True)
    rates = fields.Dict(fields.String(), fields.Nested(RateView), required=True)
    definitions = fields.Nested(DefinitionsView, required=True)


class RebuildView(Schema):
    """What to call next, so that the figures come back."""

    next = fields.String(required=True)
