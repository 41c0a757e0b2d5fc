"""The relay: sends unpublished outbox rows in database order and marks what was acknowledged."""

from collections.abc import Sequence
from typing import Any, Final

import structlog
from sqlalchemy import Row, bindparam, select

from contracts.codec import encode_stored
from contracts.topics import TOPICS
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.event_log import EventLog
from services.chassis.failpoints import Point, reached
from services.chassis.outbox import republish_newest, stored
from services.chassis.tables import history, outbox

log = structlog.get_logger()

BATCH: Final = 500
# Unpublished first, never "id beyond a cursor": ids commit out of order.
_UNPUBLISHED: Final = (
    select(outbox.c.id.label("outbox_id"), history)
    .join(history, history.c.position == outbox.c.position)
    .where(outbox.c.published_at.is_(None), history.c.payload.is_not(None))
    .order_by(outbox.c.id)
    .limit(BATCH)
)
_MARK: Final = (
    outbox.update()
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)), outbox.c.published_at.is_(None))
    .values(published_at=bindparam("now"))
)


class Relay:
    """One per service; no transaction stays open across a send.

    Ended between send and mark, it sends the same rows again: the inboxes ignore them. Paused
    before a send while another relay took over, it may send an old version of a compacted key
    after a newer one, which would then be all that the log keeps: it has the newest sent again.
    """

    def __init__(self, database: Database, log: EventLog, clock: Clock) -> None:
        self._database = database
        self._log = log
        self._clock = clock

    def tick(self) -> int:
        """Send one batch; returns how many rows it sent. Raises LogUnavailableError."""
        rows = self._unpublished()
        if not rows:
            return 0
        reached(Point.RELAY_READ)
        self._log.publish([encode_stored(stored(row)) for row in rows])
        reached(Point.RELAY_SENT)
        if self._mark([row.outbox_id for row in rows]) < len(rows):
            self._make_good(rows)
        reached(Point.RELAY_MARKED)
        return len(rows)

    def _unpublished(self) -> Sequence[Row[Any]]:
        with self._database.transaction() as session:
            return session.execute(_UNPUBLISHED).all()

    def _mark(self, ids: Sequence[int]) -> int:
        """Mark what nobody marked or replaced since it was read; returns how many rows."""
        with self._database.transaction() as session:
            marked = session.execute(_MARK, {"ids": ids, "now": self._clock.now()})
            return int(marked.rowcount)  # type: ignore[attr-defined]

    def _make_good(self, rows: Sequence[Row[Any]]) -> None:
        """Somebody else sent these rows as well: what is compacted must end at its newest."""
        places = {(row.topic, row.key) for row in rows if TOPICS[row.topic].compacted}
        log.warning("relay_overtaken", events=len(rows), compacted_keys=len(places))
        if places:
            with self._database.transaction() as session:
                republish_newest(session, places)
