"""Looking after the event log: whether it answers, how far behind we are, who stands still."""

import time
from collections.abc import Callable, Sequence
from typing import Final

STILL_AFTER_S: Final = 60.0


class Watchdog:
    """Of one consumer: a position that stands still while records wait is a fault.

    The lag is the whole group's, ``lag`` as of the last look: while it falls, another member moves,
    and the records that wait may all be its own.
    """

    def __init__(
        self, lag: Callable[[], int], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask_lag = lag
        self._monotonic = monotonic
        self._moves = 0
        self._moves_seen = 0
        self.lag = 0
        self._still_since: float | None = None

    def moved(self) -> None:
        """The position moved on, or why it did not is told elsewhere."""
        self._moves += 1

    def look(self) -> None:
        """Look at the lag, which may raise: then nothing is known, and the watch begins anew."""
        since, moves, before = self._still_since, self._moves, self.lag
        self._still_since = None
        self.lag = self._ask_lag()
        if self.lag:
            still = since is not None and moves == self._moves_seen and self.lag >= before
            self._still_since = since if still else self._monotonic()
        self._moves_seen = moves

    def fault(self) -> str | None:
        """What is wrong as of the last look, or None."""
        since, now = self._still_since, self._monotonic()
        if since is not None and self._moves == self._moves_seen and now - since > STILL_AFTER_S:
            return f"has not moved for {now - since:.0f} s while {self.lag} records wait"
        return None


class LogWatch:
    """Asks the event log what readiness has to know, so that no probe waits for a broker."""

    def __init__(self, ping: Callable[[], None], watchdogs: Sequence[Watchdog]) -> None:
        self.lag: int | None = None
        self._ping = ping
        self._watchdogs = watchdogs

    def tick(self) -> int:
        """Look once; raises LogUnavailableError, which the loop then tells as its fault."""
        try:
            self._ping()
            for watchdog in self._watchdogs:
                watchdog.look()
        except Exception:
            self.lag = None
            raise
        if self._watchdogs:  # a process without consumers has no lag to tell of
            self.lag = sum(watchdog.lag for watchdog in self._watchdogs)
        return 0
