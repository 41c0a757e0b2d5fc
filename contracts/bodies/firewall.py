"""The body of the officers' firewall in figures: refused attempts by kind, never by person."""

from marshmallow import Schema, fields

from contracts.bodies.notifier import PeriodView


class MonthView(Schema):
    """The refused attempts of one month (UTC), by kind."""

    month = fields.String(required=True)
    counts = fields.Dict(fields.String(), fields.Integer(), required=True)


class RefusalsView(Schema):
    """Refused attempts by kind: of the period, and of each month in which there were any."""

    total = fields.Dict(fields.String(), fields.Integer(), required=True)
    months = fields.List(fields.Nested(MonthView), required=True)


class FirewallView(PeriodView):
    """What officers tried that no officer may; training units apart."""

    live = fields.Nested(RefusalsView, required=True)
    training = fields.Nested(RefusalsView, required=True)
    definitions = fields.Dict(fields.String(), fields.String(), required=True)
    notes = fields.List(fields.String(), required=True)
