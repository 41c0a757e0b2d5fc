"""Looking after the event log: whether it answers, how far behind we are, who stands still."""

import time
from collections.abc import Callable, Sequence
from typing import Final

STILL_AFTER_S: Final = 60.0


class Watchdog:
    """Of one consumer: a position that stands still while records wait for it is a fault.

    ``lag`` is the whole group's as of the last look, and for metrics alone; ``owed`` is what waits
    for this member: records that another one leaves lying are no fault of ours.
    """

    def __init__(
        self,
        lag: Callable[[], int],
        owed: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask_lag = lag
        self._ask_owed = owed
        self._monotonic = monotonic
        self._moves = 0
        self._moves_seen = 0
        self.lag = 0
        self.owed = 0
        self._still_since: float | None = None

    def moved(self) -> None:
        """The position moved on, or why it did not is told elsewhere."""
        self._moves += 1

    def look(self) -> None:
        """Look at the lag, which may raise: then nothing is known, and the watch begins anew."""
        since, moves, before = self._still_since, self._moves, self.owed
        self._still_since = None
        self.lag = self._ask_lag()
        self.owed = self._ask_owed() if self.lag else 0
        if self.owed:
            # Owing less without a move is to own less: partitions went to another member.
            still = since is not None and moves == self._moves_seen and self.owed >= before
            self._still_since = since if still else self._monotonic()
        self._moves_seen = moves

    def fault(self) -> str | None:
        """What is wrong as of the last look, or None."""
        since, now = self._still_since, self._monotonic()
        if since is not None and self._moves == self._moves_seen and now - since > STILL_AFTER_S:
            return f"has not moved for {now - since:.0f} s while {self.owed} records wait"
        return None


class LogWatch:
    """Asks the event log what readiness has to know, so that no probe waits for a broker."""

    def __init__(self, ping: Callable[[], None], watchdogs: Sequence[Watchdog]) -> None:
        self.lag: int | None = None
        self._ping = ping
        self._watchdogs = watchdogs
        self._answered = False

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
        self._answered = True
        return 0

    def fault(self) -> str | None:
        """What is wrong until the first answer; what comes later is the loop's to tell."""
        return None if self._answered else "the event log has not answered yet"
