"""The watchdog of a consumer: a position that stands still while records wait is a fault."""

import time
from collections.abc import Callable
from typing import Final

STILL_AFTER_S: Final = 60.0


class Watchdog:
    """Counts from when records were first seen to wait after the last move."""

    def __init__(
        self, lag: Callable[[], int], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._lag = lag
        self._monotonic = monotonic
        self._waits_since: float | None = None

    def moved(self) -> None:
        """The position moved on."""
        self._waits_since = None

    def fault(self) -> str | None:
        """What is wrong, or None; call it regularly, for each call looks at the lag."""
        lag, now = self._lag(), self._monotonic()
        since = self._waits_since
        if lag == 0:
            self._waits_since = None
        elif since is None:
            self._waits_since = now
        elif now - since > STILL_AFTER_S:
            return f"has not moved for {now - since:.0f} s while {lag} records wait"
        return None
