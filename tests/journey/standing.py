"""A standing of the matrix: a referral of somebody like nobody else, with a mark in every text."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from services.chassis.actor import Actor
from tests.journey.quarter import FAMILIES, need_of
from tests.journey.town import OFFICER, TRAINEE, Town, partner, submission

# In every text that tells of a person, and in every text that comes with a step.
MARK, NOTE_MARK = "zqx", "wqz"
PLACE: Final = {"latitude": 41.8012345671, "longitude": -90.2098765432}
# What shows that something of a person is in an answer, or a free text.
MARKS: Final = (MARK, "8012345671", "2098765432", "73055182", NOTE_MARK)
LAPSE_HOURS: Final = 5
AGENCIES: Final = ("harbour", "rival", "full", "silent", "spare")
# By column: the programs that are left to a referral which avoids the others of its family.
LEFT: Final[Mapping[str, tuple[str, ...]]] = {
    "wai": ("full",),
    "unp": (),
    "dec": ("harbour", "rival"),
    "nos": ("harbour", "rival"),
    "lap": ("silent",),
    "imported acc": (),
}


@dataclass(slots=True)
class Standing:
    """A referral in one cell of the matrix's columns and variants, and whose it is."""

    column: str
    variant: str
    referral_id: str = ""
    offer: dict[str, Any] = field(default_factory=dict)
    # Another referral: of the same person, where the variant says so.
    other_id: str = ""
    version: str = "1"

    def __str__(self) -> str:
        return f"{self.variant} {self.column}"

    @property
    def family(self) -> str:
        """What the names of the agencies begin with that it may reach."""
        return FAMILIES.get(self.variant, "")

    @property
    def officer(self) -> Actor:
        """Who submitted it."""
        return TRAINEE if self.variant == "training" else OFFICER

    @property
    def agency(self) -> Actor:
        """Somebody of the agency that its offer was made to; of any, where there is none."""
        return partner(self.offer.get("agency_id", f"{self.family}harbour"))

    @property
    def path(self) -> str:
        """Its address."""
        return f"/v1/referrals/{self.referral_id}"

    def ids(self) -> dict[str, str]:
        """What stands in the addresses, and in the bodies."""
        offer = {"offer_id": str(self.offer["offer_id"])} if self.offer else {}
        both = {"referral_id": self.referral_id, "other_id": self.other_id}
        return both | offer | {"spare": f"{self.family}spare-beds"}


def submit(town: Town, one: Standing) -> str:
    """Submit it for a person whom nobody else is like; its id."""
    left = LEFT.get(str(one), LEFT.get(one.column, ("harbour",)))
    avoided = [f"{one.family}{name}-beds" for name in AGENCIES[:-1] if name not in left]
    past = {"origin": "imported", "occurred_at": (town.now() - timedelta(days=9)).isoformat()}
    body = submission(
        need=need_of(one.family),
        urgency="urgent" if one.column == "lap" else "routine",
        person=_person(str(one)),
        place=PLACE,
        avoided_programs=avoided,
        note=f"{MARK} sleeps in a van",
        consent=_consent(town, one),
        **(past if one.variant == "imported" else {}),
    )
    receipt = town.post(one.officer, "/v1/referrals", body, Idempotency_Key=str(uuid4()))
    return str(receipt["referral_id"])


def _person(seed: str) -> dict[str, Any]:
    """Somebody who is like nobody else here."""
    drawn = hashlib.sha256(seed.encode())
    word = drawn.hexdigest().translate(str.maketrans("0123456789", "ghijklmnop"))
    return {
        "name": f"{word[:6]}{MARK}{word[6:9]} {word[9:16]}",
        "phone": f"+1 73055182 {int.from_bytes(drawn.digest()[:3], 'big') % 10_000:04}",
        "email": f"{word[16:22]}.{MARK}@{word[22:28]}.example.org",
        "where_to_find": f"the {MARK} arch of {word[28:36]}",
        "safe_contact": "call_only",
        "safe_contact_note": f"ask for {MARK} {word[36:42]}",
        "age": 34,
        "household_size": 2,
        "accommodations": ["pets"],
    }


def _consent(town: Town, one: Standing) -> dict[str, Any]:
    if one.variant == "cannot_consent":
        return {"cannot_consent_now": True}
    soon = timedelta(minutes=1) if one.column == "rou" else timedelta(hours=LAPSE_HOURS)
    lasts = soon if one.variant == "expired" else timedelta(days=90)
    return {
        "scope": "all_stated",
        "given_by": "representative",
        "representative_name": f"{MARK} of the council",
        "method": "written",
        "agencies": [f"{one.family}{name}" for name in AGENCIES],
        "sectors": ["housing"],
        "expires_at": (town.now() + lasts).isoformat(),
    }
