"""Route that sends the history again, for figures that are to be rebuilt from it."""

from typing import Any

from contracts.bodies import referral_api as bodies
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.referral_api.usecases.republish import republish

api = Api("history", __name__, url_prefix="/v1/history", description=__doc__)


@api.route_for(
    "POST",
    "/republish",
    {Role.ADMIN: Tenant.ALL},
    Contract(answer=bodies.Republished, status=202, body=bodies.RepublishBody),
)
def republish_history(call: Call) -> dict[str, Any]:
    """Send every event of one topic, or of all, again in its order; reactors ignore them."""
    count = republish(call.session, call.actor, call.now(), call.body.get("topic"))
    return {"events": count}
