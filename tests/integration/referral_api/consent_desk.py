"""What tests of consents say and look at: bodies, problems, statuses, the worklist's reasons."""

from typing import Any, Final
from uuid import UUID, uuid4

from services.chassis.actor import Actor
from tests.integration.referral_api.office import COORDINATOR, Office

GIVEN: Final = {"scope": "all_stated", "given_by": "self", "method": "spoken"}
CANNOT: Final = {"cannot_consent_now": True}
SHORT: Final = GIVEN | {"expires_at": "2027-03-01T16:00:00Z"}


def problem(office: Office, who: Actor, path: str, body: object) -> tuple[int, Any]:
    """The status of a POST that is refused, and the field that it names or what it says."""
    answer = office.call(who, "POST", path, body, Idempotency_Key=str(uuid4()))
    assert answer.content_type == "application/problem+json"
    return answer.status_code, answer.json.get("errors") or answer.json["detail"]


def consents_of(office: Office, referral: str) -> Any:
    return office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/consents")


def statuses(office: Office, referral: str) -> list[str]:
    """The statuses of every record, the oldest first."""
    return [item["status"] for item in reversed(consents_of(office, referral)["items"])]


def why(office: Office) -> set[tuple[str, str]]:
    """What stands in the worklist: (referral, reason)."""
    found = office.rows("SELECT referral_id, why FROM attentions")
    return {(str(UUID(str(referral))), reason) for referral, reason in found}


def listed(office: Office, reason: str) -> int:
    return sum(w == reason for _, w in why(office))


def person(office: Office, who: Actor, offer: str) -> Any:
    return office.call(who, "GET", f"/v1/offers/{offer}/person")
