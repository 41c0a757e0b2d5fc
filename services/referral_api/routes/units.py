"""Routes of police units: an admin keeps them, coordinators see them."""

from typing import Any, Final

from marshmallow import ValidationError

from contracts.bodies import referral_api as bodies
from contracts.bodies.shared import slug
from contracts.problems import InvalidError
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.chassis.pages import PageQuery
from services.referral_api.store import directory
from services.referral_api.tables import Unit
from services.referral_api.usecases.unit import put_unit

api = Api("units", __name__, url_prefix="/v1/units", description=__doc__)
_ADMIN: Final = {Role.ADMIN: Tenant.ALL}
_READERS: Final = {Role.ADMIN: Tenant.ALL, Role.COORDINATOR: Tenant.ALL}


@api.route_for("PUT", "/<unit_id>", _ADMIN, Contract(answer=bodies.Unit, body=bodies.UnitBody))
def create_or_replace_unit(call: Call, unit_id: str) -> dict[str, Any]:
    """Create or replace a unit; what it submitted before stays as it was."""
    try:
        slug().deserialize(unit_id)
    except ValidationError as error:
        raise InvalidError("unit_id", " ".join(map(str, error.messages))) from None
    said = (call.body["name"], call.body["training"])
    return _view(put_unit(call.session, call.actor, call.now, unit_id, said))


@api.route_for("GET", "", _READERS, Contract(answer=bodies.UnitPage, query=PageQuery))
def list_units(call: Call) -> dict[str, Any]:
    """List the units by id."""
    page = directory.units(call.session, **call.query)
    return {"items": [_view(unit) for unit in page.items], "next": page.next}


def _view(unit: Unit) -> dict[str, Any]:
    return {"unit_id": unit.id, "name": unit.name, "training": unit.training}
