"""Background loops: one thread each, with back-off, heartbeats and a graceful stop."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from services.chassis.consumer import TooManyParkedError, reason_of
from services.chassis.database import Wake

log = structlog.get_logger()

LONGEST_BACK_OFF_S: Final = 5.0
STUCK_AFTER_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """Work that time brings: ``tick`` does one batch, ``due`` counts what a tick would find."""

    name: str
    tick: Callable[[], int]
    due: Callable[[], int]


class Loop:
    """Runs ticks until stopped: at once while there is work, else after a wake or ``idle_s``."""

    def __init__(
        self, name: str, tick: Callable[[], int], idle_s: float, wake: Wake
    ) -> None:
        self.name = name
        self.failure: str | None = None
        self.stopped_by: str | None = None
        self._tick = tick
        self._idle_s = idle_s
        self._wake = wake
        self._stop = threading.Event()
        self._beat = time.monotonic()
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
        if self.stopped_by:
            return f"{self.name} stopped: {self.stopped_by}"
        if self.failure:
            return f"{self.name} fails: {self.failure}"
        if time.monotonic() - self._beat > STUCK_AFTER_S:
            return f"{self.name} has not moved for {STUCK_AFTER_S:.0f} s"
        return None

    def _run(self) -> None:
        back_off = self._idle_s
        while not self._stop.is_set():
            self._beat = time.monotonic()
            try:
                worked = self._tick()
            except TooManyParkedError as error:
                self.stopped_by = str(error)
                log.critical("loop_stopped", loop=self.name, reason=str(error))
                return
            except (
                Exception
            ) as error:  # a loop outlives its faults; readiness tells of them
                self.failure = reason_of(error)
                log.error("tick_failed", loop=self.name, reason=self.failure)
                self._wake.wait(back_off)
                back_off = min(back_off * 2, LONGEST_BACK_OFF_S)
                continue
            self.failure, back_off = None, self._idle_s
            if not worked:
                self._wake.wait(self._idle_s)


def stop_all(loops: Sequence[Loop], seconds: float) -> list[str]:
    """Stop every loop; returns the names of those that did not end within the seconds."""
    until = time.monotonic() + seconds
    for loop in loops:
        loop.ask_to_stop()
    return [
        loop.name for loop in loops if not loop.join(max(0.0, until - time.monotonic()))
    ]
