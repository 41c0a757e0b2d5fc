"""Route of tallies: help was offered and the person said no."""

from typing import Any

from contracts.bodies import referral_api as bodies
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.referral_api.usecases.tally import lock_unit, tally

api = Api("tallies", __name__, url_prefix="/v1/tallies", description=__doc__)


@api.route_for(
    "POST",
    "",
    {Role.OFFICER: Tenant.OWN_SUBMISSION},
    Contract(answer=bodies.Tally, status=201, body=bodies.TallyBody, key_needed=True),
)
def count_an_offer_not_wanted(call: Call) -> dict[str, Any]:
    """Count an offer of help that was not wanted; nothing of the person is asked or kept."""
    unit = lock_unit(call.session, call.actor)
    counted = (call.body["need"], call.body["entry_door"])
    return {"tally_id": tally(call.session, call.actor, call.now(), unit, counted)}
