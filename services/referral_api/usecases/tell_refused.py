"""Tell the figures what officers were refused, and of which units they are."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from contracts.events.tallies import TOPIC, RefusalTallied, UnitStated
from services.chassis import outbox
from services.chassis.firewall import Refused
from services.referral_api.store import directory


def tell_refused(session: Session, now: datetime, found: Sequence[Refused]) -> None:
    """Publish what was refused; ``found`` is sorted by unit, as streams must be locked."""
    for unit_id, refused in groupby(found, key=lambda each: each.unit_id):
        events = [
            RefusalTallied(unit_id=unit_id, kind=r.kind, since=r.since, count=r.count)
            for r in refused
        ]
        outbox.publish(session, TOPIC, unit_id, events, now)


def tell_units(session: Session, now: datetime) -> int:
    """Publish the units that were added or changed; returns how many."""
    units = directory.untold_units(session)
    for unit in units:
        stated = UnitStated(unit_id=unit.id, training=unit.training)
        outbox.publish(session, TOPIC, unit.id, [stated], now)
        unit.told = True
    return len(units)
