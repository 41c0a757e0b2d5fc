"""The audit: every read of a person and every change, hash-chained per subject."""

import hashlib
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.chassis.actor import Actor
from services.chassis.tables import audit

GENESIS: Final = "0" * 64


def record(
    session: Session,
    subject: str,
    now: datetime,
    actor: Actor,
    action: str,
    **detail: Any,
) -> None:
    """Append one entry to the subject's chain; ``detail`` names fields, never their values.

    The caller holds the subject's row lock, so the chain cannot fork.
    """
    last = session.execute(
        select(audit.c.number, audit.c.hash)
        .where(audit.c.subject == subject)
        .order_by(audit.c.number.desc())
        .limit(1)
    ).first()
    row = {
        "subject": subject,
        "number": last.number + 1 if last else 1,
        "at": now,
        "actor": actor.subject,
        "role": actor.role.value,
        "tenant": actor.agency_id or actor.unit_id,
        "action": action,
        "detail": detail,
        "previous": last.hash if last else GENESIS,
    }
    session.execute(audit.insert().values(**row, hash=entry_hash(row)))


def entries(session: Session, subject: str) -> list[dict[str, Any]]:
    """The chain of a subject, oldest first."""
    query = select(audit).where(audit.c.subject == subject).order_by(audit.c.number)
    return [dict(row) for row in session.execute(query).mappings()]


def verify(chain: list[dict[str, Any]]) -> list[str]:
    """What is wrong with a chain: entries missing, reordered or changed."""
    faults, previous = [], GENESIS
    for number, row in enumerate(chain, 1):
        if row["number"] != number or row["previous"] != previous:
            faults.append(f"entry {number} is missing or out of place")
        if row["hash"] != entry_hash(row):
            faults.append(f"entry {row['number']} was changed")
        previous = row["hash"]
    return faults


def entry_hash(row: dict[str, Any]) -> str:
    """SHA-256 over every column but the hash itself."""
    content = {name: value for name, value in row.items() if name != "hash"}
    text = orjson.dumps(
        content | {"at": row["at"].isoformat()}, option=orjson.OPT_SORT_KEYS
    )
    return hashlib.sha256(text).hexdigest()
