"""The audit: every read of a person and every change, hash-chained per subject."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.chassis.actor import Actor
from services.chassis.heads import GENESIS, claim, head_of, set_hash
from services.chassis.tables import audit

# Heads of audit chains stand beside those of streams; no topic of the event log has this name.
TOPIC: Final = "audit"


def record(
    session: Session,
    subject: str,
    now: datetime,
    actor: Actor,
    action: str,
    **detail: Any,
) -> None:
    """Append one entry to the subject's chain; ``detail`` names fields, never their values.

    The chain's head is claimed first, and locked with that, so the chain cannot fork.
    """
    number, previous = claim(session, TOPIC, subject, 1)
    row = {
        "subject": subject,
        "number": number + 1,
        "at": now,
        "actor": actor.subject,
        "role": actor.role.value,
        "tenant": actor.agency_id or actor.unit_id,
        "action": action,
        "detail": detail,
        "previous": previous,
    }
    digest = entry_hash(row)
    session.execute(audit.insert().values(**row, hash=digest))
    set_hash(session, TOPIC, subject, digest)


def entries(session: Session, subject: str) -> list[dict[str, Any]]:
    """The chain of a subject, oldest first."""
    query = select(audit).where(audit.c.subject == subject).order_by(audit.c.number)
    return [_plain(row) for row in session.execute(query).mappings()]


def verify(chain: list[dict[str, Any]]) -> list[str]:
    """What is wrong with a chain: entries missing, reordered or changed.

    Entries cut off at its end leave a chain that is whole; ``verify_subject`` finds those too.
    """
    faults, previous = [], GENESIS
    for number, row in enumerate(chain, 1):
        faults += link_faults(row, number, previous)
        previous = row["hash"]
    return faults


def link_faults(row: dict[str, Any], number: int, previous: str) -> list[str]:
    """What is wrong with one entry, which should have this number and follow on this hash."""
    faults = []
    if row["number"] != number or row["previous"] != previous:
        faults.append(f"entry {number} is missing or out of place")
    if row["hash"] != entry_hash(row):
        faults.append(f"entry {row['number']} was changed")
    return faults


def verify_subject(session: Session, subject: str) -> list[str]:
    """What is wrong with a subject's chain, its end included."""
    chain = entries(session, subject)
    end = (chain[-1]["number"], chain[-1]["hash"]) if chain else (0, GENESIS)
    said = head_of(session, TOPIC, subject)
    faults = verify(chain)
    if said != end:
        faults.append(f"the head says {said[0]}, the chain ends at {end[0]}")
    return faults


def entry_hash(row: dict[str, Any]) -> str:
    """SHA-256 over every column but the hash itself."""
    content = _plain(row) | {"at": row["at"].isoformat()}
    content.pop("hash", None)
    text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Column names as plain text: SQLAlchemy's are a kind of their own that orjson refuses."""
    return {str(name): value for name, value in row.items()}
