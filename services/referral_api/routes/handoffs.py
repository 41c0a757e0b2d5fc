"""Routes of the warm handoff: the officer's own record of how the person was handed over."""

from typing import Any, Final
from uuid import UUID

from contracts.bodies import handoffs as bodies
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.referral_api.routes import answers
from services.referral_api.routes.desk import on_referral
from services.referral_api.store import handoffs as store
from services.referral_api.usecases import read
from services.referral_api.usecases.record_handoff import record_handoff

api = Api("handoffs", __name__, url_prefix="/v1/referrals", description=__doc__)
_OWN: Final = {Role.OFFICER: Tenant.OWN_SUBMISSION, Role.COORDINATOR: Tenant.ALL}
_HANDOFF: Final = "/<uuid:referral_id>/handoff"


@api.route_for("GET", _HANDOFF, _OWN, Contract(answer=bodies.Handoff))
def read_handoff(call: Call, referral_id: UUID) -> dict[str, Any]:
    """Read how the person was handed over; with no record nothing is known of it."""
    read.find(call.session, referral_id, call.actor)
    return answers.handoff(store.find(call.session, referral_id))


@api.route_for("POST", _HANDOFF, _OWN, Contract(answer=bodies.Handoff, body=bodies.RecordHandoff))
def record_handoff_of_person(call: Call, referral_id: UUID) -> dict[str, Any]:
    """Record a handoff as it goes on: called, arrived, left; mended while the encounter is open."""
    return answers.handoff(record_handoff(on_referral(call, referral_id), call.body))
