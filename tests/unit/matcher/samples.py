"""Programs, referrals and statements that the tests of the domain begin from."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contracts.vocabulary import Need, Sector, Urgency
from services.matcher.domain.directory import Program
from services.matcher.domain.request import Facts, Request

NOON = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
ZONE = "America/Chicago"


def program(program_id: str = "harbour-beds", **changes: Any) -> Program:
    """A shelter that takes anyone."""
    values: dict[str, Any] = {
        "id": program_id,
        "agency_id": program_id.partition("-")[0],
        "agency_name": "Harbour",
        "name": "Beds",
        "sector": Sector.HOUSING,
        "needs": (Need.EMERGENCY_SHELTER,),
        "time_zone": ZONE,
        "version": 1,
    }
    return Program(**values | changes)


def facts(**changes: Any) -> Facts:
    """Somebody needs shelter, and nothing more is known."""
    values: dict[str, Any] = {
        "sector": Sector.HOUSING,
        "need": Need.EMERGENCY_SHELTER,
        "urgency": Urgency.URGENT,
        "submitted_at": NOON,
    }
    return Facts(**values | changes)


def request(number: int = 1, **changes: Any) -> Request:
    """A referral whose first attempt is open; what a request has not is a fact."""
    own = {k: changes.pop(k) for k in list(changes) if k in Request.__dataclass_fields__}
    known = own.pop("facts", None) or facts(**changes)
    return Request(referral_id=UUID(int=number), facts=known, **{"attempt": 1, **own})
