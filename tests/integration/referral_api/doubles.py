"""A person who is met again: what the tests of duplicates do and look at."""

from typing import Any, Final

from services.chassis.actor import Actor
from tests.integration.referral_api.office import COORDINATOR, OFFICER, Office

SOMEBODY: Final = {"name": "Ada Byrne", "phone": None, "email": None}
NOTE: Final = {"note": "the officer met her twice"}
PAIRS: Final = "SELECT state FROM duplicates"


def met(office: Office, who: Actor = OFFICER, **changes: Any) -> str:
    """A referral a minute after the last, and what comparing it brought."""
    referral = office.submit(who, **changes)
    office.pass_time(minutes=1)
    return referral


def twice(office: Office, **changes: Any) -> tuple[str, str]:
    """The same person, met twice."""
    return met(office, **changes), met(office, **changes)


def doubles(office: Office, referral: str) -> list[Any]:
    found: list[Any] = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/duplicates")[
        "items"
    ]
    return found


def settle(office: Office, one: str, other: str, state: str, **said: Any) -> Any:
    path = f"/v1/referrals/{one}/duplicates/{other}/settle"
    return office.call(COORDINATOR, "POST", path, {"state": state} | NOTE | said)
