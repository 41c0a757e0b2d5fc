"""HTTP: who waits for which program, in what order, and where one referral stands."""

from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from marshmallow import fields

from contracts.bodies.waiting import ORDER, ORDER_BY_PLAN, PositionsView, QueueView
from contracts.problems import NotFoundError
from contracts.vocabulary import Role, Sector
from services.chassis.api import Api, Call, Contract, Tenant
from services.chassis.pages import PageQuery
from services.matcher.store import policies, requests, waits
from services.matcher.store.waits import Filter, ProgramQueue

COORDINATOR: Final = {Role.COORDINATOR: Tenant.ALL}
READERS: Final = {Role.PARTNER: Tenant.OWN_AGENCY} | COORDINATOR


class QueueQuery(PageQuery):
    """Whose queues to list."""

    sector = fields.Enum(Sector, by_value=True, load_default=None)


def queue_api() -> Api:
    """The routes under /v1/queue."""
    api = Api("queue", __name__)

    @api.route_for("GET", "/v1/queue", READERS, Contract(answer=QueueView, query=QueueQuery))
    def list_queues(call: Call) -> dict[str, Any]:
        """How many wait, by program and by sector; a partner sees its own programs' counts."""
        query, own = call.query, call.tenant is Tenant.OWN_AGENCY
        which = Filter(agency_id=call.actor.agency_id if own else None, sector=query["sector"])
        page = waits.page(call.session, which, query["after"], query["limit"])
        return {
            "order": _order(call),
            "items": [_queue(queue, own=own) for queue in page.items],
            "next": page.next,
            "sectors": None if own else waits.by_sector(call.session, query["sector"]),
        }

    @api.route_for(
        "GET", "/v1/queue/<uuid:referral_id>", COORDINATOR, Contract(answer=PositionsView)
    )
    def read_positions(call: Call, referral_id: UUID) -> dict[str, Any]:
        """Where one referral stands in the queue of each program that would take it."""
        if not requests.exists(call.session, referral_id):
            raise NotFoundError("referral")
        found = waits.positions(call.session, referral_id)
        return {
            "referral_id": referral_id,
            "order": _order(call),
            "waiting": bool(found),
            "positions": [{**asdict(one), "position": one.ahead + 1} for one in found],
        }

    return api


def _order(call: Call) -> tuple[str, ...]:
    return ORDER_BY_PLAN if policies.in_force(call.session).hold_back else ORDER


def _queue(queue: ProgramQueue, *, own: bool) -> dict[str, Any]:
    """An agency is told how many, and nothing about them."""
    return {
        "program_id": queue.program_id,
        "agency_id": queue.agency_id,
        "name": queue.name,
        "sector": queue.sector,
        "waiting": sum(queue.by_urgency.values()),
        "by_urgency": None if own else queue.by_urgency,
    }
