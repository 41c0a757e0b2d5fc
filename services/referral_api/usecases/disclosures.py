"""Disclosures: who was shown what of a person, as the audit tells it (45 CFR 164.528).

The audit is never pruned, so the list reaches back further than the six years asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.vocabulary import Purpose, Role
from services.chassis.actor import Actor
from services.referral_api.usecases.read import audit_of, find

# What is called so in the audit showed fields of the person to whoever acted.
READ: Final = ".read"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One time that fields of a person were shown; ``consent`` is its version then."""

    number: int
    at: datetime
    agency_id: str | None
    by: str
    role: Role
    fields_shown: list[str]
    purpose: Purpose
    consent: int | None
    offer_id: UUID | None


@dataclass(frozen=True, slots=True)
class Disclosures:
    """Every disclosure of one person, oldest first, and whether the chains hold."""

    reference: str
    items: list[Disclosure]
    verified: bool


def disclosures(session: Session, referral_id: UUID, actor: Actor) -> Disclosures:
    """The disclosures of a referral's person; raises NotFoundError."""
    referral = find(session, referral_id, actor)
    entries, verified = audit_of(session, referral_id, actor)
    shown = [_disclosure(entry) for entry in entries if entry["action"].endswith(READ)]
    return Disclosures(referral.reference, shown, verified)


def _disclosure(entry: Mapping[str, Any]) -> Disclosure:
    """Entries of the first versions name neither purpose nor consent; their role tells the one."""
    role, detail = Role(entry["role"]), entry["detail"]
    partner = role is Role.PARTNER
    offer = detail.get("offer")
    return Disclosure(
        number=entry["number"],
        at=entry["at"],
        agency_id=entry["tenant"] if partner else None,
        by=entry["actor"],
        role=role,
        fields_shown=detail.get("fields", []),
        purpose=Purpose(detail.get("purpose", Purpose.SERVE if partner else Purpose.COORDINATE)),
        consent=detail.get("consent"),
        offer_id=UUID(offer) if offer else None,
    )
