"""Routes of the coordinators' worklist: what needs somebody, why, by when, and who has it."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from marshmallow import fields

from contracts.bodies import worklist as bodies
from contracts.bodies.shared import Nothing
from contracts.problems import InvalidError, NotFoundError
from contracts.vocabulary import Attention, Role, Sector
from services.chassis.api import Api, Call, Contract, Tenant
from services.chassis.pages import PageQuery
from services.referral_api.routes import answers
from services.referral_api.routes.desk import desk, on_referral
from services.referral_api.store import worklist as store
from services.referral_api.store.worklist import Listed, Wanted
from services.referral_api.usecases import read
from services.referral_api.usecases.hand_over import HandOver, hand_over, take

api = Api("worklist", __name__, url_prefix="/v1/worklist", description=__doc__)
_COORDINATOR: Final = {Role.COORDINATOR: Tenant.ALL}


class Assigned(StrEnum):
    """Whose items a list is of."""

    MINE = "mine"
    NOBODY = "nobody"


class WorklistQuery(PageQuery):
    """Filters of the worklist; all of them must hold."""

    why = fields.Enum(Attention, by_value=True, load_default=None)
    sector = fields.Enum(Sector, by_value=True, load_default=None)
    assigned = fields.Enum(Assigned, by_value=True, load_default=None)


@api.route_for("GET", "", _COORDINATOR, Contract(answer=bodies.Worklist, query=WorklistQuery))
def read_worklist(call: Call) -> dict[str, Any]:
    """List what needs a coordinator, the oldest deadline first, with why and what can be done.

    With `why` the list sorts by the deadline of that reason alone.
    """
    wanted = _wanted(call)
    page = store.page(call.session, wanted, call.query["after"], call.query["limit"])
    return {"items": _items(call, page.items), "next": page.next}


@api.route_for("GET", "/counts", _COORDINATOR, Contract(answer=bodies.WorklistCounts))
def count_worklist(call: Call) -> dict[str, Any]:
    """Count what stands in the worklist: by reason, in all, the caller's own, and nobody's."""
    found = store.count_by_reason(call.session)
    mine = Wanted(anybodys=False, of=call.actor.subject)
    return {
        "items": [{"why": why, "count": found.get(why, 0)} for why in Attention],
        "total": store.count(call.session, Wanted()),
        "mine": store.count(call.session, mine),
        "nobody": store.count(call.session, Wanted(anybodys=False)),
    }


@api.route_for(
    "POST",
    "/hand-over",
    _COORDINATOR,
    Contract(answer=bodies.HandedOver, body=bodies.HandOver),
)
def hand_worklist_over(call: Call) -> dict[str, Any]:
    """Hand items over to another coordinator, the most pressing first, a batch in each call."""
    said = call.body
    before = said.get("taken_from", call.actor.subject)
    if before == said["to"]:
        raise InvalidError("to", "hand over to somebody else")
    wanted = Wanted(said.get("why"), said.get("sector"), anybodys=False, of=before)
    asked = HandOver(wanted=wanted, to=said["to"], note=said["note"])
    moved = hand_over(call.session, desk(), call.actor, call.now, asked)
    return {"moved": moved, "left": store.count(call.session, wanted)}


@api.route_for(
    "POST",
    "/<uuid:referral_id>/take",
    _COORDINATOR,
    Contract(answer=bodies.WorkItem, body=Nothing),
)
def take_work_item(call: Call, referral_id: UUID) -> dict[str, Any]:
    """Take an item; whoever had it before is named in the audit."""
    take(on_referral(call, referral_id))
    item = store.find(call.session, referral_id)
    if item is None:
        raise NotFoundError("referral")
    return _items(call, [item])[0]


def _wanted(call: Call) -> Wanted:
    assigned = call.query["assigned"]
    return Wanted(
        call.query["why"],
        call.query["sector"],
        anybodys=assigned is None,
        of=call.actor.subject if assigned is Assigned.MINE else None,
    )


def _items(call: Call, found: Sequence[Listed]) -> list[dict[str, Any]]:
    """The items with what stands beside their referrals, in as many queries however many."""
    now = call.now()
    seen = read.beside(call.session, [one.referral for one in found])
    return [
        answers.work_item(one, answers.referral_for(call.actor, its, now), its)
        for one, its in zip(found, seen, strict=True)
    ]
