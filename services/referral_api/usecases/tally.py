"""Tally: help was offered and the person said no. A count, never a person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.events.tallies import TOPIC, OfferTallied
from contracts.problems import InvalidError
from contracts.vocabulary import SECTOR_OF, EntryDoor, Need
from services.chassis import audit, outbox
from services.chassis.actor import Actor
from services.chassis.ids import uuid7
from services.referral_api.store import directory
from services.referral_api.tables import Tally, Unit


def lock_unit(session: Session, actor: Actor) -> Unit:
    """The unit of the caller's token, locked; raises InvalidError where it is not known."""
    unit = directory.lock_unit(session, actor.unit_id or "")
    if unit is None:
        raise InvalidError("unit", f"{actor.unit_id} is not known; an admin adds units")
    return unit


def tally(
    session: Session, actor: Actor, now: datetime, unit: Unit, counted: tuple[Need, EntryDoor]
) -> UUID:
    """Count one offer that was not wanted; the audit tells who counted, not what."""
    need, door = counted
    row = Tally(
        id=uuid7(now), unit_id=unit.id, need=need, entry_door=door, training=unit.training, at=now
    )
    session.add(row)
    event = OfferTallied(
        unit_id=unit.id,
        sector=SECTOR_OF[need],
        need=need,
        entry_door=door,
        training=unit.training,
    )
    outbox.publish(session, TOPIC, unit.id, [event], now)
    audit.record(session, f"unit:{unit.id}", now, actor, "tally.record")
    return row.id
