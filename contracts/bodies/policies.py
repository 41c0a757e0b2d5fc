"""The bodies of policies: what one says, who put it in force and why, and the plans made for it."""

from typing import Any, Final

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from contracts.bodies.shared import count, flag, number, text

NAME: Final = validate.Regexp(
    r"^[a-z0-9][a-z0-9._-]{0,39}$(?!\n)", error="a short name such as winter-2 is needed"
)
# Minutes; what a policy says that does not name them.
PLAN_EVERY: Final = 15
PLAN_LASTS: Final = 120
_BASES: Final = [
    "look_ahead",
    "not_wanted",
    "too_little_history",
    "no_plan",
    "stale_plan",
]


class WeightsBody(Schema):
    """Points per term of a score; one point is worth one km."""

    per_km = number(-1000, 1000)
    longest_km = number(-1000, 1000)
    interpreter = number(-1000, 1000)
    preferred = number(-1000, 1000)
    open_now = number(-1000, 1000)
    spare_accommodation = number(-1000, 1000)
    asks = number(-1000, 1000)
    per_question = number(-1000, 1000)


class WorthBody(Schema):
    """What a start counts by urgency, and within how many days it should begin."""

    crisis = number(0.01, 1000)
    urgent = number(0.01, 1000)
    routine = number(0.01, 1000)
    crisis_days = number(0, 90)
    urgent_days = number(0, 90)
    routine_days = number(0, 90)
    points = number(10, 100_000)


class PolicyBody(Schema):
    """A capacity policy, whole; what is left out has the value of the policy `ahead`."""

    class Meta:
        """A mistyped name is a mistake, never a silent default."""

        unknown = RAISE

    version = fields.String(required=True, validate=NAME)
    weights = fields.Nested(WeightsBody(unknown=RAISE))
    worth = fields.Nested(WorthBody(unknown=RAISE))
    farthest_km = number(0, 1000)
    hold_back = flag()
    waiting_decay = number(0, 1)
    foresight = number(0, 1)
    parallel = count(1, 5)
    even_out = number(0, 5)
    look_ahead = count(7, 28)
    least_history = count(7, 28)
    most_expected = count(50, 100_000)
    widest = count(1, 100)
    most_pivots = count(0, 10_000_000)
    plan_every = count(1, 1440)
    plan_lasts = count(1, 10_080)
    hold_hours = count(1, 336)

    @validates_schema
    def check_plans(self, data: dict[str, Any], **_: Any) -> None:
        """A plan that ends before the next one is made holds nobody back."""
        every, lasts = data.get("plan_every", PLAN_EVERY), data.get("plan_lasts", PLAN_LASTS)
        if lasts < 2 * every:
            raise ValidationError(f"must be at least twice plan_every ({every})", "plan_lasts")


class ActivateBody(Schema):
    """Which policy to go by from now on, and why."""

    policy = fields.Nested(PolicyBody, required=True)
    because = text(500, required=True)


class ActivationView(Schema):
    """A policy that was put in force: by whom, when and why."""

    number = fields.Integer(required=True)
    policy = fields.Nested(PolicyBody, required=True)
    activated_at = fields.AwareDateTime(required=True)
    activated_by = fields.String(required=True)
    because = fields.String(required=True)


class ActivationPage(Schema):
    """A page of activations."""

    items = fields.List(fields.Nested(ActivationView), required=True)
    next = fields.String(required=True, allow_none=True)


class PlanView(Schema):
    """A plan in outline: how many it looked at, whom it offers a place, and whom it holds back.

    ``basis``: on what it was made; whatever is not look_ahead gives today's places today.
    """

    number = fields.Integer(required=True)
    made_at = fields.AwareDateTime(required=True)
    next_at = fields.AwareDateTime(required=True)
    lasts_until = fields.AwareDateTime(required=True)
    policy = fields.String(required=True)
    basis = fields.String(required=True, validate=validate.OneOf(_BASES))
    asked = fields.Integer(required=True)
    offered = fields.Integer(required=True)
    held = fields.Integer(required=True)


class PlanPage(Schema):
    """A page of plans."""

    items = fields.List(fields.Nested(PlanView), required=True)
    next = fields.String(required=True, allow_none=True)


class PriceView(Schema):
    """What a start at a program costs those who come later, in units of value."""

    program_id = fields.String(required=True)
    price = fields.Float(required=True)


class WholePlanView(PlanView):
    """A plan with the prices of places, the dearest first, and who is held back."""

    prices = fields.List(fields.Nested(PriceView), required=True)
    held_back = fields.List(fields.UUID(), required=True)


class PolicyView(Schema):
    """The policy in force; ``basis`` = what offers are decided on now; ``held`` = held back now."""

    policy = fields.Nested(PolicyBody, required=True)
    activated = fields.Nested(ActivationView, required=True, allow_none=True)
    basis = fields.String(required=True, validate=validate.OneOf(_BASES))
    plan = fields.Nested(PlanView, required=True, allow_none=True)
    held = fields.Integer(required=True)
