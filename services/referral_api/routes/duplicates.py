"""Routes of duplicates: which referrals seem to be of one person, and what was said of them."""

from typing import Any, Final
from uuid import UUID

from contracts.bodies import duplicates as bodies
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.referral_api.routes import answers
from services.referral_api.routes.desk import desk
from services.referral_api.store.duplicates import Double
from services.referral_api.usecases.settle_duplicate import Verdict, listed, load_both, settle

api = Api("duplicates", __name__, url_prefix="/v1/referrals", description=__doc__)
_COORDINATOR: Final = {Role.COORDINATOR: Tenant.ALL}
_ALL: Final = "/<uuid:referral_id>/duplicates"


@api.route_for("GET", _ALL, _COORDINATOR, Contract(answer=bodies.Duplicates))
def read_duplicates(call: Call, referral_id: UUID) -> dict[str, Any]:
    """List the referrals that seem to be of the same person; nothing of the person is shown."""
    found = listed(call.session, referral_id, call.actor)
    return {"items": [answers.duplicate(double) for double in found]}


@api.route_for(
    "POST",
    f"{_ALL}/<uuid:other_id>/settle",
    _COORDINATOR,
    Contract(answer=bodies.Duplicate, body=bodies.SettleDuplicate),
)
def settle_duplicate(call: Call, referral_id: UUID, other_id: UUID) -> dict[str, Any]:
    """Say whether two referrals are of one person: of the same one ends, others are told apart."""
    ids, said = (referral_id, other_id), call.body
    pair, both = load_both(call.session, desk(), ids, call.now, call.actor)
    settle(pair, both, Verdict(state=said["state"], note=said["note"], ends=said.get("ends")))
    (other,) = [one.referral for one in both if one.referral.id == other_id]
    return answers.duplicate(Double(pair, other))
