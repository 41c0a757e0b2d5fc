"""What consumers hold back, counted and listed: waiting, parked and quarantined messages."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.orm import Session

from contracts.topics import Consumer
from services.chassis.tables import parked, quarantined, waiting

# Built once: it is asked with each batch.
_PARKED_SINCE: Final = select(func.count()).where(
    parked.c.consumer == bindparam("of"), parked.c.at >= bindparam("since")
)


def parked_since(session: Session, consumer: Consumer, since: datetime) -> int:
    """How many keys a consumer has parked since a moment."""
    return session.scalar(_PARKED_SINCE, {"of": consumer, "since": since}) or 0


def counts(session: Session) -> dict[str, int]:
    """How many messages wait, keys are parked and records are quarantined, per table name."""
    tables = (waiting, parked, quarantined)
    return {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def oldest_waiting(session: Session) -> datetime | None:
    """Since when the longest-held message waits for the one before it.

    What waits behind a parked key is left out: that key is reported as parked.
    """
    behind_parked = exists().where(
        parked.c.consumer == waiting.c.consumer,
        parked.c.topic == waiting.c.topic,
        parked.c.key == waiting.c.key,
    )
    since: datetime | None = session.scalar(select(func.min(waiting.c.since)).where(~behind_parked))
    return since


def parked_keys(session: Session) -> list[dict[str, Any]]:
    """Every parked key with its place and reason, oldest first; no payload."""
    columns = [c for c in parked.c if c.name not in {"headers", "value"}]
    rows = session.execute(select(*columns).order_by(parked.c.at, parked.c.topic, parked.c.key))
    return [dict(row) for row in rows.mappings()]


def quarantined_records(session: Session) -> list[dict[str, Any]]:
    """Every quarantined record's place and reason, oldest first."""
    rows = session.execute(select(quarantined).order_by(quarantined.c.at))
    return [dict(row) for row in rows.mappings()]
