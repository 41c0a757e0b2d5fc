"""Route of the deadlines in force, for whoever has to keep them."""

from typing import Any

from contracts.bodies import referral_api as bodies
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.referral_api.routes.desk import desk

api = Api("deadlines", __name__, url_prefix="/v1/deadlines", description=__doc__)


@api.route_for("GET", "", dict.fromkeys(Role, Tenant.ALL), Contract(answer=bodies.Deadlines))
def read_deadlines(_call: Call) -> dict[str, Any]:
    """Read the minutes to answer an offer, and the minutes between reminders."""
    offers, reviews = desk().deadlines.offers, desk().deadlines.reviews
    return {
        "deadlines": [{"sector": s, "urgency": u, "minutes": m} for (s, u), m in offers.items()],
        "reviews": [{"state": s, "urgency": u, "minutes": m} for (s, u), m in reviews.items()],
    }
