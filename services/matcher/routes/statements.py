"""HTTP: an agency states the places of its programs in bulk."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from contracts.bodies.directory import StatementsBody, StatementsView
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.matcher.store.journal import take_turn
from services.matcher.usecases.state_capacity import Places
from services.matcher.usecases.state_places import Said, state_places

RULE: Final = "/v1/capacity-statements"
AGENCY: Final = {Role.PARTNER: Tenant.OWN_AGENCY}


def statements_api(allowance: timedelta) -> Api:
    """The one route."""
    api = Api("statements", __name__)

    @api.route_for("POST", RULE, AGENCY, Contract(answer=StatementsView, body=StatementsBody))
    def post_statements(call: Call) -> dict[str, Any]:
        """State the places of several programs; said again, or late, it changes nothing."""
        take_turn(call.session)
        said = [_said(one) for one in call.body["statements"]]
        return asdict(state_places(call.session, call.now(), call.actor, said, allowance))

    return api


def _said(one: dict[str, Any]) -> Said:
    places = dict(one)
    return Said(places.pop("program_id"), Places(**places))
