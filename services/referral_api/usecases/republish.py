"""Republish: send the whole history of a topic again, so that figures can be rebuilt from it."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from contracts.events import lifecycle, tallies
from services.chassis import audit, outbox
from services.chassis.actor import Actor

TOPICS: Final = (lifecycle.TOPIC, tallies.TOPIC)


def republish(session: Session, actor: Actor, now: datetime, topic: str | None) -> int:
    """Mark one topic, or all of this service's, unsent; returns how many events that are."""
    topics = TOPICS if topic is None else (topic,)
    count = sum(outbox.republish(session, name) for name in topics)
    audit.record(session, "history", now, actor, "history.republish", topics=list(topics))
    return count
