"""Staff over HTTP: who works where, who is on call, and who left."""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from contracts.bodies.staff import (
    DutyBody,
    LeaveBody,
    OnCallView,
    StaffPage,
    StaffQuery,
    StaffStep,
    StaffView,
)
from contracts.vocabulary import Role
from services.chassis import audit
from services.chassis.api import Answer, Api, Call, Contract, IfMatch, Tenant
from services.chassis.pages import PageQuery
from services.notifier.domain.contacts import Colleague, Contact, chain_of, in_crisis
from services.notifier.domain.duty import Duty, Hours
from services.notifier.routes.agencies import seen
from services.notifier.routes.desk import act_of, desk
from services.notifier.routes.staff_views import shown, step
from services.notifier.store import staff
from services.notifier.store.staff import Wanted
from services.notifier.tables import StaffRow
from services.notifier.usecases.keep_staff import (
    Stated,
    check_keeps,
    kept,
    own_or_kept,
    state_duty,
)
from services.notifier.usecases.leave import leave
from services.notifier.usecases.reach import reach

api = Api("staff", __name__, description="Who works where, who is on call, and who left")

_KEEPERS: Final = {Role.PARTNER: Tenant.OWN_AGENCY, Role.ADMIN: Tenant.ALL}
_WORKING: Final = {**_KEEPERS, Role.COORDINATOR: Tenant.ALL}
_CALLING: Final = {Role.PARTNER: Tenant.OWN_AGENCY, Role.COORDINATOR: Tenant.ALL}


class StaffPageQuery(PageQuery, StaffQuery):
    """Which page of which staff."""


@api.route_for("GET", "/v1/staff", _KEEPERS, Contract(answer=StaffPage, query=StaffPageQuery))
def list_staff(call: Call) -> dict[str, Any]:
    """List staff in the order they were invited; an administrator's own agency alone."""
    query = call.query
    wanted = Wanted(agency_id=query["agency_id"], unit_id=query["unit_id"], state=query["state"])
    if call.tenant is Tenant.OWN_AGENCY:
        wanted = replace(wanted, agency_id=wanted.agency_id or call.actor.agency_id)
        check_keeps(call.session, call.actor, wanted.agency_id)
    page = staff.page(call.session, wanted, query["after"], query["limit"])
    return {"items": [shown(row, desk().safe) for row in page.items], "next": page.next}


@api.route_for("GET", "/v1/staff/<uuid:staff_id>", _WORKING, Contract(answer=StaffView))
def read_staff(call: Call, staff_id: UUID) -> Answer:
    """One of the staff, to themselves and to who looks after them, with the ETag for a change."""
    return _view(own_or_kept(call.session, call.actor, staff_id))


@api.route_for(
    "PUT",
    "/v1/staff/<uuid:staff_id>/duty",
    _WORKING,
    Contract(answer=StaffView, body=DutyBody, if_match=IfMatch.ALWAYS),
)
def put_duty(call: Call, staff_id: UUID) -> Answer:
    """State when somebody is on call and how to reach them, in place of what was stated before."""
    row = own_or_kept(call.session, call.actor, staff_id)
    said, expected = call.body, call.expected_version()
    duty = Duty(
        everyday=said["everyday"],
        hours=tuple(_hours(entry) for entry in said["hours"]),
        time_zone=said["time_zone"],
        on_call_until=said["on_call_until"],
    )
    state_duty(act_of(call), row, Stated(duty=duty, phone=said["phone"], expected=expected))
    return _view(row)


@api.route_for(
    "POST",
    "/v1/staff/<uuid:staff_id>/leave",
    _KEEPERS,
    Contract(answer=StaffStep, body=LeaveBody),
)
def leave_staff(call: Call, staff_id: UUID) -> dict[str, Any]:
    """End somebody's post: every token of theirs is refused, here at once, elsewhere in a moment.

    What they had in the worklist goes back to nobody, and their notices go to the others.
    """
    row = kept(call.session, call.actor, staff_id)
    leave(act_of(call), row, for_ever=call.body["for_ever"])
    return step(row)


@api.route_for("GET", "/v1/agencies/<agency_id>/on-call", _CALLING, Contract(answer=OnCallView))
def read_on_call(call: Call, agency_id: str) -> dict[str, Any]:
    """Whom a crisis reaches at an agency now: who is on call, else everybody it has; audited."""
    agency_id, now = seen(call, agency_id), call.now()
    found = in_crisis(reach(call.session, desk().safe, [agency_id], now)[agency_id])
    people = [*map(_person, found.staff), *map(_person, found.contacts)]
    chain = chain_of(agency_id)
    audit.record(call.session, chain, now, call.actor, "on_call.read", people=len(people))
    return {"agency_id": agency_id, "at": now, "people": people}


def _view(row: StaffRow) -> Answer:
    return Answer(shown(row, desk().safe), version=row.version)


def _hours(entry: dict[str, Any]) -> Hours:
    return Hours(tuple(entry["weekdays"]), entry["begins_at"], entry["ends_at"])


def _person(one: Colleague | Contact) -> dict[str, Any]:
    known = {"name": one.name, "email": one.email, "on_call": one.on_call}
    if isinstance(one, Contact):
        return known | {"staff_id": None, "phone": None}
    return known | {"staff_id": one.staff_id, "phone": one.phone}
