"""The consumer loop: batches in one transaction, single records on failure, parking, a limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.event_log import Record, Subscription, by_place
from services.chassis.failpoints import Point, reached
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
            with self._database.transaction() as session:
                parked = self._parked(session)
            self._check(parked)
            self._within_limit = True
        batch = self._unfinished or self.subscription.poll(BATCH, POLL_S)
        if not batch:
            return 0
        reached(Point.CONSUMER_POLLED)
        self._unfinished = batch
        self._take(batch)
        reached(Point.CONSUMER_COMMITTED)
        self.subscription.commit(by_place(batch))
        reached(Point.CONSUMER_ACKNOWLEDGED)
        self._unfinished = ()
        self.watchdog.moved()
        return len(batch)

    def _take(self, batch: Sequence[Record]) -> None:
        try:
            parked = self._together(batch)
        except Exception as error:  # the failing record is found, and named, one by one
            if is_transient(error):
                raise
            self._one_by_one(batch)
        else:
            self._check(parked)

    def _one_by_one(self, batch: Sequence[Record]) -> None:
        for record in batch:
            try:
                parked = self._together([record])
            except Exception as error:  # a failed key must not stop the others
                if is_transient(error):
                    raise
                parked = self._park(record, error)
            self._check(parked)

    def _together(self, batch: Sequence[Record]) -> int:
        """Handle a batch in one transaction; returns how many keys were parked lately."""
        with self._database.transaction() as session:
            self.inbox.take(session, batch, self._clock.now())
            reached(Point.CONSUMER_HANDLED)
            return self._parked(session)

    def _park(self, record: Record, error: Exception) -> int:
        with self._database.transaction() as session:
            self.inbox.park(session, record, reason_of(error), self._clock.now())
            return self._parked(session)

    def _parked(self, session: Session) -> int:
        since = self._clock.now() - self._limit.within
        return parked_since(session, self.inbox.consumer, since)

    def _check(self, parked: int) -> None:
        if parked > self._limit.keys:
            raise TooManyParkedError(
                f"{self.inbox.consumer} parked {parked} keys within {self._limit.within}"
            )
