"""Requests that wait for a commit: few at once, and each holds its thread and nothing else."""

import threading
import time
from collections.abc import Callable
from typing import Final

from services.chassis.database import Database
from services.chassis.wakes import Listener

# Where a wake was lost, or nobody could listen for a while, they look by themselves.
LOOK_S: Final = 1.0
# However many commits there are, each of them looks no oftener.
REST_S: Final = 0.02


class Waiters:
    """Wakes the requests of this process that wait, after each commit on the database.

    On PostgreSQL after those of other processes, too, from the first request that has to wait.
    """

    def __init__(self, database: Database, most: int) -> None:
        """``most`` wait at once; whoever comes then is not let wait, and answered as it stands."""
        self._database = database
        self._places = threading.BoundedSemaphore(most) if most else None
        self._bell = threading.Condition()
        self._commits = 0
        self._hurried = False
        self._listener: Listener | None = None
        database.on_publish(self.set)

    def set(self) -> None:
        """Something was committed: have them look."""
        with self._bell:
            self._commits += 1
            self._bell.notify_all()

    def wait(self, found: Callable[[], bool], seconds: float) -> None:
        """Return once ``found`` says so, after the seconds, or at once where enough wait already.

        ``found`` is asked outside of any transaction, and opens one of its own; raises what it
        raises.
        """
        if self._places is None or not self._places.acquire(blocking=False):
            return
        try:
            self._look_on(found, time.monotonic() + seconds)
        finally:
            self._places.release()

    def hurry(self) -> None:
        """From here on nobody waits: the process is about to end."""
        with self._bell:
            self._hurried = True
            self._bell.notify_all()

    def stop(self) -> None:
        """Listen no more; nobody waits by now."""
        with self._bell:
            listener, self._listener = self._listener, None
        if listener is not None:
            listener.stop()

    def _look_on(self, found: Callable[[], bool], until: float) -> None:
        while not self._hurried:
            seen = self._commits  # before the look: a commit during it is looked at again
            if found():
                return
            left = until - time.monotonic()
            if left <= 0:
                return
            self._listen()
            self._rest(seen, left)

    def _rest(self, seen: int, seconds: float) -> None:
        """Until there are more commits than were seen."""
        with self._bell:
            self._bell.wait_for(lambda: self._hurried, min(seconds, REST_S))
            self._bell.wait_for(
                lambda: self._hurried or self._commits != seen, min(seconds, LOOK_S)
            )

    def _listen(self) -> None:
        """Started by a request, never before: a thread would not live through gunicorn's fork."""
        if not self._database.on_postgres:
            return
        with self._bell:
            if self._listener is None:
                self._listener = Listener(self._database, [self])
                self._listener.start()
