"""The bodies of decisions: what was answered to an attempt, why, and what would have changed it."""

from typing import Final

from marshmallow import Schema, fields, validate


class ChoiceView(Schema):
    """A proposed program; the terms are points and sum to the score."""

    program_id = fields.String(required=True)
    agency_id = fields.String(required=True)
    directory_version = fields.Integer(required=True)
    rank = fields.Integer(required=True)
    score = fields.Float(required=True)
    terms = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    distance_km = fields.Float(required=True, allow_none=True)


class ConsideredView(Schema):
    """What was found about one program: reasons where it fails, questions where nobody knows.

    ``doubts`` are the agency's to settle; ``free`` = the places left as this referral's turn came.
    """

    program_id = fields.String(required=True)
    verdict = fields.String(required=True, validate=validate.OneOf(["pass", "ask", "fail"]))
    reasons = fields.List(fields.String(), required=True)
    questions = fields.List(fields.String(), required=True)
    doubts = fields.List(fields.String())
    told = fields.List(fields.String())
    free = fields.Integer(required=True)
    score = fields.Float(required=True, allow_none=True)
    terms = fields.Dict(keys=fields.String(), values=fields.Float(), required=True, allow_none=True)
    distance_km = fields.Float(required=True, allow_none=True)


_BASIS: Final = {"description": "what the offers of the moment were decided on"}
_PLAN: Final = {"description": "the plan that was followed, see /v1/plans; null without one"}
_PRICES: Final = {"description": "what a start costs those who come later, in units of value"}


class ChangeView(Schema):
    """One change that alone would have flipped the choice, all else as it was; ``told`` in words.

    ``answer``: its ``questions`` answered, so that a chosen program is out (``against``), or that
    another passes. ``place``: one more place of it. ``points``: so many more for it, ``term`` being
    where it lacks most. ``ground``: the ``reasons`` do not hold. ``plan``: no plan is followed.
    """

    kind = fields.String(
        required=True, validate=validate.OneOf(["answer", "plan", "place", "points", "ground"])
    )
    program_id = fields.String(required=True)
    against = fields.Boolean(required=True)
    questions = fields.List(fields.String(), required=True)
    reasons = fields.List(fields.String(), required=True)
    points = fields.Float(required=True, allow_none=True)
    term = fields.String(required=True, allow_none=True)
    told = fields.String(required=True)


class DecisionView(Schema):
    """An answer to one attempt at placing a referral, and why it was given.

    ``considered`` names the best of those that fit and some that do not; in all ``fitting``
    programs would take the person, and ``eliminated`` counts the others by reason, by ``rules``.
    ``runner_up`` would have been chosen without the chosen one; of ``changes`` each alone would
    have flipped the choice, the smallest first.
    """

    decision_id = fields.UUID(required=True)
    referral_id = fields.UUID(required=True)
    attempt = fields.Integer(required=True)
    decision_number = fields.Integer(required=True)
    answer = fields.String(
        required=True, validate=validate.OneOf(["routed", "deferred", "waitlisted", "unplaced"])
    )
    decided_at = fields.AwareDateTime(required=True)
    policy = fields.String(required=True)
    choices = fields.List(fields.Nested(ChoiceView), required=True)
    considered = fields.List(fields.Nested(ConsideredView), required=True)
    fitting = fields.Integer(allow_none=True)
    eliminated = fields.Dict(keys=fields.String(), values=fields.Integer(), allow_none=True)
    rules = fields.String(allow_none=True)
    runner_up = fields.String(allow_none=True)
    changes = fields.List(fields.Nested(ChangeView))
    basis = fields.String(required=True, metadata=_BASIS)
    plan = fields.Integer(required=True, allow_none=True, metadata=_PLAN)
    prices = fields.Dict(
        keys=fields.String(), values=fields.Float(), required=True, metadata=_PRICES
    )


class DecisionPage(Schema):
    """A page of decisions."""

    items = fields.List(fields.Nested(DecisionView), required=True)
    next = fields.String(required=True, allow_none=True)
