"""What stands in the worklist, as its tests read it, and referrals that come into it."""

from typing import Any

from contracts.events.routing import Unplaced
from tests.integration.referral_api.office import COORDINATOR, Office

PATH = "/v1/worklist"


def listed(office: Office, query: str = "") -> list[Any]:
    found: list[Any] = office.ok(COORDINATOR, "GET", f"{PATH}{query}")["items"]
    return found


def names(office: Office, query: str = "") -> list[str]:
    return [item["referral"]["referral_id"] for item in listed(office, query)]


def why(office: Office, referral: str) -> set[str]:
    """The reasons for which a referral stands in the list; none where it does not."""
    items = [i for i in listed(office) if i["referral"]["referral_id"] == referral]
    return {reason["why"] for item in items for reason in item["why"]}


def waiting(office: Office, answer: Any = Unplaced, **changes: Any) -> str:
    referral = office.submit(**changes)
    office.propose(answer, referral)
    return referral


def audited(office: Office, referral: str) -> dict[str, Any]:
    """The last entry of a referral's audit."""
    audit = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/audit")
    assert audit["verified"]
    entry: dict[str, Any] = audit["items"][-1]
    return entry
