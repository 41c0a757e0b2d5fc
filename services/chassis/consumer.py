"""The consumer loop: batches in one transaction, single records on failure, parking, a limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.event_log import LogUnavailableError, Record, Subscription
from services.chassis.inbox import Inbox, by_place, parked_since

log = structlog.get_logger()

BATCH: Final = 100
POLL_S: Final = 0.25
TRANSIENT: Final = (LogUnavailableError, OperationalError, PoolTimeoutError)


class TooManyParkedError(Exception):
    """So many keys were parked that the code, not the messages, must be at fault: stop."""


@dataclass(frozen=True, slots=True)
class ParkLimit:
    """Stop when more than ``keys`` keys were parked within ``within``."""

    keys: int = 20
    within: timedelta = timedelta(minutes=5)


class ConsumerLoop:
    """Reads one consumer's topics; a tick handles at most one batch."""

    def __init__(
        self,
        inbox: Inbox,
        subscription: Subscription,
        database: Database,
        clock: Clock,
        limit: ParkLimit = ParkLimit(),  # noqa: B008 - frozen
    ) -> None:
        self.inbox = inbox
        self.subscription = subscription
        self._database = database
        self._clock = clock
        self._limit = limit

    def tick(self) -> int:
        """Poll, handle and commit one batch; returns how many records were read.

        Raises TooManyParkedError to stop the worker, or a transient error to be tried again.
        """
        batch = self.subscription.poll(BATCH, POLL_S)
        if not batch:
            return 0
        try:
            self._together(batch)
        except TRANSIENT:
            raise
        except Exception:  # the failing record is found, and named, one by one
            self._one_by_one(batch)
        self.subscription.commit(by_place(batch))
        return len(batch)

    def _together(self, batch: Sequence[Record]) -> None:
        with self._database.transaction() as session:
            self.inbox.take(session, batch, self._clock.now())

    def _one_by_one(self, batch: Sequence[Record]) -> None:
        for record in batch:
            try:
                self._together([record])
            except TRANSIENT:
                raise
            except Exception as error:  # a failed key must not stop the others
                self._park(record, error)

    def _park(self, record: Record, error: Exception) -> None:
        now, reason = self._clock.now(), reason_of(error)
        log.error(
            "key_parked",
            consumer=self.inbox.consumer,
            topic=record.message.topic,
            key=record.message.key,
            reason=reason,
        )
        with self._database.transaction() as session:
            self.inbox.park(session, record, reason, now)
        self._check_limit(now)

    def _check_limit(self, now: datetime) -> None:
        since = now - self._limit.within
        with self._database.transaction() as session:
            count = parked_since(session, self.inbox.consumer, since)
        if count > self._limit.keys:
            raise TooManyParkedError(
                f"{self.inbox.consumer} parked {count} keys since {since}"
            )


def reason_of(error: Exception) -> str:
    """A reason that can be stored and logged: the kind of error, never bound values."""
    if isinstance(error, DBAPIError):
        return f"{type(error).__name__}: {type(error.orig).__name__}"
    return f"{type(error).__name__}: {error}"[:500]
