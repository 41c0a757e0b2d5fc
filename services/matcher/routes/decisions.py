"""HTTP: what was decided about a referral, and why."""

from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from marshmallow import fields

from contracts.bodies.decisions import DecisionPage, DecisionView
from contracts.problems import NotFoundError
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.chassis.pages import PageQuery
from services.matcher.domain.decision import Decision
from services.matcher.domain.explain import changes, runner_up
from services.matcher.domain.look import Considered
from services.matcher.domain.rules import TOLD
from services.matcher.domain.telling import told
from services.matcher.store import decisions

# Why a program was out of the question tells of the person: an admin configures, and needs none.
READERS: Final = {Role.COORDINATOR: Tenant.ALL}


class DecisionsQuery(PageQuery):
    """Whose decisions to list."""

    referral_id = fields.UUID(required=True)


def decisions_api() -> Api:
    """The routes under /v1/decisions."""
    api = Api("decisions", __name__)

    @api.route_for(
        "GET", "/v1/decisions", READERS, Contract(answer=DecisionPage, query=DecisionsQuery)
    )
    def list_decisions(call: Call) -> dict[str, Any]:
        """The decisions about one referral, oldest first."""
        query = call.query
        page = decisions.page(call.session, query["referral_id"], query["after"], query["limit"])
        return {"items": [_view(decision) for decision in page.items], "next": page.next}

    @api.route_for(
        "GET", "/v1/decisions/<uuid:decision_id>", READERS, Contract(answer=DecisionView)
    )
    def read_decision(call: Call, decision_id: UUID) -> dict[str, Any]:
        """One decision: what was considered, and why."""
        decision = decisions.decision(call.session, decision_id)
        if decision is None:
            raise NotFoundError("decision")
        return _view(decision)

    return api


def _view(decision: Decision) -> dict[str, Any]:
    second = runner_up(decision)
    return {
        **asdict(decision),
        "decision_id": decision.id,
        "decision_number": decision.number,
        "considered": [_considered(found) for found in decision.considered],
        "runner_up": second.program_id if second else None,
        "changes": [{**asdict(change), "told": told(change)} for change in changes(decision)],
    }


def _considered(found: Considered) -> dict[str, Any]:
    return {**asdict(found), "told": [TOLD[reason] for reason in found.reasons]}
