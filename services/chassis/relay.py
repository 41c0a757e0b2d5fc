"""The relay: sends unpublished outbox rows in database order and marks what was acknowledged."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, select

from contracts.codec import encode_stored
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.event_log import EventLog
from services.chassis.outbox import stored
from services.chassis.tables import history, outbox

BATCH: Final = 500


class Relay:
    """One per service; no transaction stays open across a send.

    Ended between send and mark, it sends the same rows again: the inboxes ignore them.
    """

    def __init__(self, database: Database, log: EventLog, clock: Clock) -> None:
        self._database = database
        self._log = log
        self._clock = clock

    def tick(self) -> int:
        """Send one batch; returns how many rows it marked. Raises LogUnavailableError."""
        rows = self._unpublished()
        if not rows:
            return 0
        self._log.publish([encode_stored(stored(row)) for row in rows])
        self._mark([row.outbox_id for row in rows])
        return len(rows)

    def _unpublished(self) -> Sequence[Row[Any]]:
        # Unpublished first, never "id beyond a cursor": ids commit out of order.
        query = (
            select(outbox.c.id.label("outbox_id"), history)
            .join(history, history.c.position == outbox.c.position)
            .where(outbox.c.published_at.is_(None), history.c.payload.is_not(None))
            .order_by(outbox.c.id)
            .limit(BATCH)
        )
        with self._database.transaction() as session:
            return session.execute(query).all()

    def _mark(self, ids: Sequence[int]) -> None:
        with self._database.transaction() as session:
            session.execute(
                outbox.update().where(outbox.c.id.in_(ids)).values(published_at=self._clock.now())
            )
