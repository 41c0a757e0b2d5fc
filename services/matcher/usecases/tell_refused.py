"""Tell the figures what officers were refused at the matcher's addresses."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from contracts.events.tallies import OF_MATCHER, RefusalTallied
from services.chassis import outbox
from services.chassis.firewall import Refused


def tell_refused(session: Session, now: datetime, found: Sequence[Refused]) -> None:
    """Publish what was refused; ``found`` is sorted by unit, as streams must be locked."""
    for unit_id, refused in groupby(found, key=lambda each: each.unit_id):
        events = [
            RefusalTallied(unit_id=unit_id, kind=r.kind, since=r.since, count=r.count)
            for r in refused
        ]
        outbox.publish(session, OF_MATCHER, unit_id, events, now)
