"""Staff of the matrix's street: one who keeps the others, one on call, one asked, one who left."""

import re
from collections.abc import Mapping
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any, Final

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from tests.journey.town import ADMIN, Town

INVITATIONS: Final = "/v1/invitations"
CODE: Final = re.compile(r"^Your code: ([0-9A-Z-]+)", re.MULTILINE)
# Who is invited, by the name that addresses call them by.
INVITED: Final[Mapping[str, dict[str, Any]]] = {
    "keeper": {"role": "partner", "agency_id": "full", "administrator": True},
    "leaver": {"role": "partner", "agency_id": "full"},
    "coordinator": {"role": "coordinator"},
    "officer": {"role": "officer", "unit_id": "central"},
    "waiting": {"role": "partner", "agency_id": "full"},
}
JOINING: Final = ("keeper", "leaver", "coordinator")
DUTY: Final = {
    "everyday": True,
    "hours": [{"weekdays": [1, 2], "begins_at": "08:00", "ends_at": "17:00"}],
    "time_zone": "America/Chicago",
    "phone": "+1 555 0177",
}


def open_staff(town: Town, mail: Path) -> dict[str, str]:
    """Invite them all; the ids, and the code of who waits, by what addresses call them."""
    found = {name: _invite(town, name, post) for name, post in INVITED.items()}
    town.settle()
    for name in JOINING:
        town.post(ADMIN, f"{INVITATIONS}/redeem", {"code": _code(mail, name)})
    found["code"] = _code(mail, "waiting")
    until = {"on_call_until": (town.now() + timedelta(days=30)).isoformat()}
    for name in ("keeper", "coordinator"):
        path = f"/v1/staff/{found[name]}/duty"
        version = town.get(ADMIN, path.removesuffix("/duty"))["version"]
        town.put(ADMIN, path, DUTY | until, If_Match=f'"{version}"')
    town.post(ADMIN, f"/v1/staff/{found['leaver']}/leave")
    town.settle()
    return found


def partner_of(ids: Mapping[str, str], agency_id: str) -> Actor:
    """Somebody of an agency: who keeps its staff, where it has any."""
    subject = f"staff-{ids['keeper']}" if agency_id == "full" else f"desk@{agency_id}"
    return Actor(subject=subject, role=Role.PARTNER, agency_id=agency_id)


def coordinator_of(ids: Mapping[str, str], unit_id: str | None = None) -> Actor:
    """The coordinator who is one of the staff; who submits does so for a unit."""
    subject = f"staff-{ids['coordinator']}"
    return Actor(subject=subject, role=Role.COORDINATOR, unit_id=unit_id)


def _invite(town: Town, name: str, post: Mapping[str, Any]) -> str:
    body = {**post, "email": f"{name}@example.org", "name": name.title()}
    return str(town.post(ADMIN, INVITATIONS, body)["staff_id"])


def _code(mail: Path, name: str) -> str:
    """The code of the one letter to somebody that has one."""
    letters = (message_from_bytes(path.read_bytes(), policy=default) for path in mail.glob("*"))
    (code,) = (
        found
        for letter in letters
        if letter["To"] == f"{name}@example.org"
        for found in CODE.findall(letter.get_content())
    )
    return str(code)
