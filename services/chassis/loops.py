"""Background loops: one thread each, with back-off, a watch on long ticks and a graceful stop."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from services.chassis import failpoints
from services.chassis.consumer import TooManyParkedError
from services.chassis.database import Wake
from services.chassis.event_log import LogRefusedError
from services.chassis.faults import reason_of

log = structlog.get_logger()

FIRST_BACK_OFF_S: Final = 0.05
LONGEST_BACK_OFF_S: Final = 5.0
STUCK_AFTER_S: Final = 60.0
# A tick may take long without hanging: a server of the mail that answers late, for each letter.
HANGS_AFTER_S: Final = 300.0
# What time alone does not mend: the loop ends, and with it the worker, for all to see.
_ENDS_LOOP: Final = (LogRefusedError, TooManyParkedError)


class Loop:
    """Runs ticks until stopped: at once while there is work, else after a wake or ``idle_s``."""

    def __init__(self, name: str, tick: Callable[[], int], idle_s: float, wake: Wake) -> None:
        self.name = name
        self.failure: str | None = None
        self.stopped_by: str | None = None
        self._tick = tick
        self._idle_s = idle_s
        self._wake = wake
        self._stop = threading.Event()
        self._ticking_since: float | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Let the current tick finish, then end."""
        self._stop.set()
        self._wake.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; False where the loop did not end in time."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def fault(self) -> str | None:
        """Why this loop is not well, or None."""
        if self.failure and not self.stopped_by:
            return f"{self.name} fails: {self.failure}"
        return self.stuck() or self._hangs(STUCK_AFTER_S)

    def stuck(self) -> str | None:
        """What only another process mends: the loop ended by itself, or hangs; or None."""
        if self.stopped_by:
            return f"{self.name} stopped: {self.stopped_by}"
        started = self._thread.ident is not None
        if started and not self._stop.is_set() and not self._thread.is_alive():
            return f"{self.name} has ended"
        return self._hangs(HANGS_AFTER_S)

    def _hangs(self, seconds: float) -> str | None:
        since = self._ticking_since
        if since is not None and time.monotonic() - since > seconds:
            return f"{self.name} has not moved for {seconds:.0f} s"
        return None

    def _run(self) -> None:
        back_off = FIRST_BACK_OFF_S
        while not self._stop.is_set():
            worked = self._tick_safely()
            if self.stopped_by:
                return
            if worked is None:
                self._stop.wait(back_off)
                back_off = min(back_off * 2, LONGEST_BACK_OFF_S)
                continue
            back_off = FIRST_BACK_OFF_S
            if not worked:
                self._wake.wait(self._idle_s)

    def _tick_safely(self) -> int | None:
        """One tick: what it did, or None where it failed; readiness tells of the fault."""
        self._ticking_since = time.monotonic()
        failpoints.enter(self.name)
        try:
            worked = self._tick()
        except _ENDS_LOOP as error:
            self.stopped_by = str(error)
            log.critical("loop_stopped", loop=self.name, reason=str(error))
            return None
        except Exception as error:  # a loop outlives its faults
            self.failure = reason_of(error)
            log.exception("tick_failed", loop=self.name)
            return None
        finally:
            self._ticking_since = None
        self.failure = None
        return worked


def stop_all(loops: Sequence[Loop], seconds: float) -> list[str]:
    """Stop every loop; returns the names of those that did not end within the seconds."""
    until = time.monotonic() + seconds
    for loop in loops:
        loop.ask_to_stop()
    return [loop.name for loop in loops if not loop.join(max(0.0, until - time.monotonic()))]
