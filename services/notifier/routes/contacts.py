"""Contacts over HTTP: an agency states its own, an admin any, and the coordinators'."""

from typing import Any, Final

from contracts.bodies.notifier import ContactsBody, ContactsView
from contracts.vocabulary import Role
from services.chassis.api import Answer, Api, Call, Contract, IfMatch, Tenant
from services.notifier.domain.contacts import Contact
from services.notifier.domain.notices import COORDINATOR
from services.notifier.routes.agencies import seen
from services.notifier.store import contacts
from services.notifier.usecases.replace_contacts import Statement, replace

api = Api("contacts", __name__, description="Whom the notices of an agency reach")

_AGENCYS: Final = {Role.PARTNER: Tenant.OWN_AGENCY, Role.ADMIN: Tenant.ALL}
_ADMIN: Final = {Role.ADMIN: Tenant.ALL}


@api.route_for("GET", "/v1/agencies/<agency_id>/contacts", _AGENCYS, Contract(answer=ContactsView))
def read_agency(call: Call, agency_id: str) -> Answer:
    """The contacts of an agency, with the ETag that a change of them needs."""
    return _read(call, seen(call, agency_id))


@api.route_for(
    "PUT",
    "/v1/agencies/<agency_id>/contacts",
    _AGENCYS,
    Contract(answer=ContactsView, body=ContactsBody, if_match=IfMatch.ONCE_THERE),
)
def replace_agency(call: Call, agency_id: str) -> Answer:
    """State all contacts of an agency; once there are any, If-Match is needed.

    What waited because nobody was named is sent now.
    """
    return _replace(call, seen(call, agency_id))


@api.route_for("GET", "/v1/contacts/coordinator", _ADMIN, Contract(answer=ContactsView))
def read_coordinator(call: Call) -> Answer:
    """The contacts of the coordinators."""
    return _read(call, COORDINATOR)


@api.route_for(
    "PUT",
    "/v1/contacts/coordinator",
    _ADMIN,
    Contract(answer=ContactsView, body=ContactsBody, if_match=IfMatch.ONCE_THERE),
)
def replace_coordinator(call: Call) -> Answer:
    """State all contacts of the coordinators; once there are any, If-Match is needed."""
    return _replace(call, COORDINATOR)


def _read(call: Call, recipient: str) -> Answer:
    return _view(call, recipient, contacts.version(call.session, recipient))


def _replace(call: Call, recipient: str) -> Answer:
    held = contacts.lock(call.session, recipient)
    statement = Statement(
        recipient=recipient,
        contacts=[Contact(**given) for given in call.body["contacts"]],
        expected=call.expected_version() if held else 0,
    )
    version = replace(call.session, statement, call.actor, call.now())
    return _view(call, recipient, version)


def _view(call: Call, recipient: str, version: int) -> Answer:
    found = contacts.of(call.session, {recipient}).get(recipient, [])
    body: dict[str, Any] = {"recipient": recipient, "contacts": found, "version": version}
    return Answer(body, version=version)
