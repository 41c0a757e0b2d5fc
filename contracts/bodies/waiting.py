"""The bodies of waiting: who waits for what, and what an agency that pauses or closes says."""

from typing import Final

from marshmallow import Schema, fields, validate

from contracts.bodies.shared import moment
from contracts.vocabulary import PauseReason, Sector

# In what order a freed place is proposed to those who wait for it.
ORDER: Final = ("urgency: crisis, urgent, routine", "submitted_at", "referral_id")
# The same where the policy in force holds places back for those who are expected.
ORDER_BY_PLAN: Final = ("crisis: at once", "the plan of the policy in force", *ORDER)
_SAID: Final = [reason for reason in PauseReason if reason is not PauseReason.SILENCE]
_UNTIL: Final = {"description": "when it ends by itself; without it, somebody has to resume"}


class PauseBody(Schema):
    """Why a program or an agency takes no referrals, and until when."""

    reason = fields.Enum(
        PauseReason,
        by_value=True,
        load_default=PauseReason.OTHER,
        validate=validate.OneOf(_SAID),
    )
    until = moment(load_default=None, allow_none=True, metadata=_UNTIL)


class AgencyPauseBody(PauseBody):
    """The same of a whole agency, for which a reason has to be given."""

    reason = fields.Enum(PauseReason, by_value=True, required=True, validate=validate.OneOf(_SAID))


class AgencyView(Schema):
    """An agency of the directory, and whether it takes referrals."""

    agency_id = fields.String(required=True)
    name = fields.String(required=True)
    active = fields.Boolean(required=True)
    paused = fields.Boolean(required=True)
    paused_because = fields.Enum(PauseReason, by_value=True, required=True, allow_none=True)
    paused_since = fields.AwareDateTime(required=True, allow_none=True)
    paused_until = fields.AwareDateTime(required=True, allow_none=True)
    lapses_in_a_row = fields.Integer(required=True)


class AgencyPage(Schema):
    """A page of agencies."""

    items = fields.List(fields.Nested(AgencyView), required=True)
    next = fields.String(required=True, allow_none=True)


class ByUrgency(Schema):
    """How many wait, by urgency."""

    crisis = fields.Integer(required=True)
    urgent = fields.Integer(required=True)
    routine = fields.Integer(required=True)


class ProgramQueueView(Schema):
    """How many wait for a program that would take them; by urgency for coordinators alone."""

    program_id = fields.String(required=True)
    agency_id = fields.String(required=True)
    name = fields.String(required=True)
    sector = fields.Enum(Sector, by_value=True, required=True)
    waiting = fields.Integer(required=True)
    by_urgency = fields.Nested(ByUrgency, required=True, allow_none=True)


class SectorQueueView(Schema):
    """How many wait in a sector: ``for_a_place`` of a program, ``for_a_program`` that fits.

    ``held``: for whom there is a place, kept for somebody more urgent who is expected.
    """

    sector = fields.Enum(Sector, by_value=True, required=True)
    for_a_place = fields.Integer(required=True)
    for_a_program = fields.Integer(required=True)
    held = fields.Integer(required=True)


class QueueView(Schema):
    """Who waits, by program and by sector, and the order in which freed places are proposed.

    A referral may wait for several programs. Nobody knows when a place frees: no time is told.
    """

    order = fields.List(fields.String(), required=True)
    items = fields.List(fields.Nested(ProgramQueueView), required=True)
    next = fields.String(required=True, allow_none=True)
    sectors = fields.List(fields.Nested(SectorQueueView), required=True, allow_none=True)


class PositionView(Schema):
    """A referral's place in the queue of one program that would take it, 1 = the next."""

    program_id = fields.String(required=True)
    position = fields.Integer(required=True)
    ahead = fields.Integer(required=True)


class PositionsView(Schema):
    """Where a referral stands, per program; empty where it waits for no place."""

    referral_id = fields.UUID(required=True)
    order = fields.List(fields.String(), required=True)
    waiting = fields.Boolean(required=True)
    positions = fields.List(fields.Nested(PositionView), required=True)
