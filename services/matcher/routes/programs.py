"""HTTP: reading programs, and their capacity."""

from datetime import datetime, timedelta
from typing import Any, Final

from marshmallow import fields

from contracts.bodies.matcher import CapacityBody, CapacityView, ProgramPage, ProgramView
from contracts.bodies.shared import slug
from contracts.problems import NotFoundError
from contracts.vocabulary import Need, Role, Sector
from services.chassis.api import Answer, Api, Call, Contract, IfMatch, Tenant
from services.chassis.pages import PageQuery
from services.matcher.routes.shown import insight, shown
from services.matcher.routes.views import capacity_view, program_view
from services.matcher.store import capacity, directory
from services.matcher.store.journal import take_turn
from services.matcher.usecases.state_capacity import Edit, Places, state_capacity

ANYBODY: Final = dict.fromkeys(Role, Tenant.ALL)
AGENCY: Final = {Role.PARTNER: Tenant.OWN_AGENCY}
READERS: Final = AGENCY | {Role.COORDINATOR: Tenant.ALL, Role.ADMIN: Tenant.ALL}


class ProgramsQuery(PageQuery):
    """Which programs to list."""

    sector = fields.Enum(Sector, by_value=True, load_default=None)
    need = fields.Enum(Need, by_value=True, load_default=None)
    agency_id = slug(load_default=None)
    training = fields.Boolean(load_default=None)


def programs_api(allowance: timedelta) -> Api:
    """The routes under /v1/programs."""
    api = Api("programs", __name__)
    _add_reading(api)
    _add_capacity(api, allowance)
    return api


def _add_reading(api: Api) -> None:
    @api.route_for(
        "GET", "/v1/programs", ANYBODY, Contract(answer=ProgramPage, query=ProgramsQuery)
    )
    def list_programs(call: Call) -> dict[str, Any]:
        """The programs of the directory, by id."""
        after, limit = call.query.pop("after"), call.query.pop("limit")
        page = directory.page(call.session, directory.Filter(**call.query), after, limit)
        stated = capacity.stated(call.session, [program.id for program in page.items])
        lapses, now = insight(call, page.items), call.now()
        items = [program_view(p, stated.get(p.id), lapses.get(p.id), now) for p in page.items]
        return {"items": items, "next": page.next}

    @api.route_for("GET", "/v1/programs/<program_id>", ANYBODY, Contract(answer=ProgramView))
    def read_program(call: Call, program_id: str) -> Answer:
        """One program."""
        program = directory.program(call.session, program_id)
        if program is None:
            raise NotFoundError("program")
        return shown(call, program)


def _add_capacity(api: Api, allowance: timedelta) -> None:
    rule = "/v1/programs/<program_id>/capacity"

    @api.route_for("GET", rule, READERS, Contract(answer=CapacityView))
    def read_capacity(call: Call, program_id: str) -> Answer:
        """A program's places, with the version that a statement has to name."""
        program = directory.program(call.session, program_id)
        if program is None or call.actor.agency_id not in {None, program.agency_id}:
            raise NotFoundError("program")
        stated = capacity.stated(call.session, [program.id]).get(program.id)
        return _places(program.id, stated, call.now())

    @api.route_for(
        "PUT",
        rule,
        AGENCY,
        Contract(answer=CapacityView, body=CapacityBody, if_match=IfMatch.ALWAYS),
    )
    def put_capacity(call: Call, program_id: str) -> Answer:
        """State how many places there are; If-Match names the version that was read."""
        take_turn(call.session)
        edit = Edit(call.actor, program_id, call.expected_version())
        places, now = Places(**call.body), call.now()
        return _places(program_id, state_capacity(call.session, now, edit, places, allowance), now)


def _places(program_id: str, stated: capacity.Stated | None, now: datetime) -> Answer:
    return Answer(capacity_view(program_id, stated, now), version=stated.version if stated else 0)
