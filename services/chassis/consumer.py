"""The consumer loop: batches in one transaction, single records on failure, parking, a limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.event_log import Record, Subscription, by_place
from services.chassis.faults import is_transient, reason_of
from services.chassis.held import parked_since
from services.chassis.inbox import Inbox
from services.chassis.watchdog import Watchdog

BATCH: Final = 100
POLL_S: Final = 0.25


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
        limit: ParkLimit = ParkLimit(),
    ) -> None:
        self.inbox = inbox
        self.subscription = subscription
        self._database = database
        self._clock = clock
        self._limit = limit
        self.watchdog = Watchdog(subscription.lag, subscription.owed)
        self._within_limit = False
        self._unfinished: Sequence[Record] = ()

    def tick(self) -> int:
        """Poll, handle and commit one batch; returns how many records were read.

        Raises TooManyParkedError to stop the worker, or a transient error: then the same batch is
        taken up again by the next tick, for the subscription has gone past it.
        """
        try:
            return self._take_batch()
        except Exception as error:
            if is_transient(error):
                self.watchdog.moved()  # it stands still because something is away, and says so
            raise

    def fault(self) -> str | None:
        """Why this consumer is not well as of the watchdog's last look, or None."""
        still = self.watchdog.fault()
        return f"{self.inbox.consumer} {still}" if still else None

    def _take_batch(self) -> int:
        if not self._within_limit:
            # What stopped the last process holds on: it must not park one batch at each restart.
            self._check_limit()
            self._within_limit = True
        batch = self._unfinished or self.subscription.poll(BATCH, POLL_S)
        if not batch:
            return 0
        self._unfinished = batch
        try:
            self._together(batch)
        except Exception as error:  # the failing record is found, and named, one by one
            if is_transient(error):
                raise
            self._one_by_one(batch)
        self._check_limit()
        self.subscription.commit(by_place(batch))
        self._unfinished = ()
        self.watchdog.moved()
        return len(batch)

    def _together(self, batch: Sequence[Record]) -> None:
        with self._database.transaction() as session:
            self.inbox.take(session, batch, self._clock.now())

    def _one_by_one(self, batch: Sequence[Record]) -> None:
        for record in batch:
            try:
                self._together([record])
            except Exception as error:  # a failed key must not stop the others
                if is_transient(error):
                    raise
                self._park(record, error)

    def _park(self, record: Record, error: Exception) -> None:
        with self._database.transaction() as session:
            self.inbox.park(session, record, reason_of(error), self._clock.now())
        self._check_limit()

    def _check_limit(self) -> None:
        with self._database.transaction() as session:
            since = self._clock.now() - self._limit.within
            count = parked_since(session, self.inbox.consumer, since)
        if count > self._limit.keys:
            raise TooManyParkedError(
                f"{self.inbox.consumer} parked {count} keys since {since.isoformat()}"
            )
