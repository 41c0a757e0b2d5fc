"""What the notifier takes and answers about staff: invitations, duty, who is on call, leaving."""

from typing import Any, Final
from zoneinfo import ZoneInfo

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from contracts.bodies.shared import count, distinct, email_address, flag, moment, slug, text, word
from contracts.staff import StaffState
from contracts.vocabulary import Role

LONGEST_NAME: Final = 80
LONGEST_PHONE: Final = 40
LONGEST_CODE: Final = 80
LONGEST_ZONE: Final = 64
LONGEST_SUBJECT: Final = 80
LONGEST_TOKEN_ID: Final = 200
MOST_HOURS: Final = 21
# A machine is no staff: it has no e-mail address to be invited at.
INVITED_ROLES: Final = tuple(role for role in Role if role is not Role.SERVICE)
_NEEDS: Final = {Role.PARTNER: "agency_id", Role.OFFICER: "unit_id"}
_CLOCK: Final = validate.Regexp(
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)", error="must be a time of day such as 08:30"
)


class InvitationBody(Schema):
    """Whom to invite to which role; a partner's has an agency, an officer's a unit."""

    role = word(Role, required=True, validate=validate.OneOf(INVITED_ROLES))
    agency_id = slug(load_default=None)
    unit_id = slug(load_default=None)
    email = email_address(required=True)
    name = text(LONGEST_NAME, load_default=None)
    administrator = flag(load_default=False)

    @validates_schema
    def has_its_place(self, data: dict[str, Any], **_: object) -> None:
        """A partner works at an agency, an officer at a unit, everybody else at neither."""
        needed = _NEEDS.get(data["role"])
        for name in _NEEDS.values():
            if (data[name] is not None) is not (name == needed):
                right = "is needed" if name == needed else "must be left out"
                raise ValidationError(f"{right} for a {data['role']}", name)
        if data["administrator"] and data["role"] is not Role.PARTNER:
            raise ValidationError("only a partner keeps the staff of an agency", "administrator")


class RedeemBody(Schema):
    """The code of a letter of invitation, and what somebody says of themselves."""

    code = text(LONGEST_CODE, required=True)
    name = text(LONGEST_NAME, load_default=None)
    phone = text(LONGEST_PHONE, load_default=None)


class LeaveBody(Schema):
    """How somebody leaves: ``for_ever`` refuses later tokens of the same subject, too."""

    for_ever = flag(load_default=False)


class DutyHours(Schema):
    """On ISO weekdays 1 (Monday) to 7; ending at or before the beginning runs past midnight."""

    weekdays = fields.List(
        count(1, 7), required=True, validate=[validate.Length(min=1, max=7), distinct]
    )
    begins_at = fields.String(required=True, validate=_CLOCK)
    ends_at = fields.String(required=True, validate=_CLOCK)


class DutyBody(Schema):
    """Whether somebody gets everyday notices, when they are on call, and by which telephone.

    Hours are by the agency's clock unless a ``time_zone`` is named.
    """

    everyday = flag(load_default=True)
    hours = fields.List(
        fields.Nested(DutyHours), load_default=list, validate=validate.Length(max=MOST_HOURS)
    )
    time_zone = text(LONGEST_ZONE, load_default=None, allow_none=True)
    on_call_until = moment(load_default=None, allow_none=True)
    phone = text(LONGEST_PHONE, load_default=None, allow_none=True)

    @validates_schema
    def knows_the_zone(self, data: dict[str, Any], **_: object) -> None:
        """The zone is one of the IANA database."""
        if data["time_zone"] is None:
            return
        try:
            ZoneInfo(data["time_zone"])
        except (KeyError, OSError, ValueError):  # whichever a bad name meets first
            right = "must be an IANA time zone such as America/Chicago"
            raise ValidationError(right, "time_zone") from None


class StaffQuery(Schema):
    """Which staff to list."""

    agency_id = slug(load_default=None)
    unit_id = slug(load_default=None)
    state = word(StaffState, load_default=None)


class StaffStep(Schema):
    """How a member of staff stands after a step; nothing personal."""

    staff_id = fields.UUID(required=True)
    role = fields.String(required=True, validate=validate.OneOf(list(Role)))
    agency_id = fields.String(required=True, allow_none=True)
    unit_id = fields.String(required=True, allow_none=True)
    administrator = fields.Boolean(required=True)
    state = word(StaffState, required=True)
    version = fields.Integer(required=True)


class StaffView(StaffStep):
    """A member of staff: who they are, and when they are on call.

    ``code_expires_at`` is of an invitation whose letter was written; ``subject`` is what tokens
    and the audit call them.
    """

    subject = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    everyday = fields.Boolean(required=True)
    hours = fields.List(fields.Nested(DutyHours), required=True)
    time_zone = fields.String(required=True, allow_none=True)
    on_call_until = fields.AwareDateTime(required=True, allow_none=True)
    invited_at = fields.AwareDateTime(required=True)
    code_expires_at = fields.AwareDateTime(required=True, allow_none=True)
    joined_at = fields.AwareDateTime(required=True, allow_none=True)
    left_at = fields.AwareDateTime(required=True, allow_none=True)


class StaffPage(Schema):
    """A page of staff, in the order they were invited."""

    items = fields.List(fields.Nested(StaffView), required=True)
    next = fields.String(required=True, allow_none=True)


class JoinedView(StaffStep):
    """A post taken up; ``token`` is null where an identity provider issues the tokens."""

    subject = fields.String(required=True)
    token = fields.String(required=True, allow_none=True)


class OnCallPerson(Schema):
    """Somebody whom a crisis reaches now; ``staff_id`` is null for a contact that was named."""

    staff_id = fields.UUID(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    email = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)
    on_call = fields.Boolean(required=True)


class OnCallView(Schema):
    """Whom a crisis reaches at an agency at this moment: who is on call, else everybody."""

    agency_id = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
    people = fields.List(fields.Nested(OnCallPerson), required=True)


class EndAccessBody(Schema):
    """Whose tokens to refuse: a subject's, of one agency or unit where one is named, or one token.

    Tokens issued later pass, unless it is ``for_ever``.
    """

    subject = text(LONGEST_SUBJECT, load_default=None)
    agency_id = slug(load_default=None)
    unit_id = slug(load_default=None)
    token_id = text(LONGEST_TOKEN_ID, load_default=None)
    for_ever = flag(load_default=False)

    @validates_schema
    def names_one(self, data: dict[str, Any], **_: object) -> None:
        """A subject or a token, not both."""
        if (data["subject"] is None) is (data["token_id"] is None):
            raise ValidationError("name a subject or a token_id, and not both", "subject")
        if data["token_id"] is not None and (data["agency_id"] or data["unit_id"]):
            raise ValidationError("a token is one whatever it is for: leave this out", "agency_id")
        if data["agency_id"] and data["unit_id"]:
            raise ValidationError("nobody is of an agency and a unit: leave this out", "unit_id")


class EndedView(Schema):
    """Until when tokens are refused that were issued: here now, elsewhere within a moment."""

    ended_at = fields.AwareDateTime(required=True)
    for_ever = fields.Boolean(required=True)
