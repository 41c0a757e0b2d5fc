"""The one source of the current time: a Clock port, and its adapters for each way to run."""

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

log = structlog.get_logger()

RENEW_S: Final = 10.0
# The answer may be old by half of the time that it took; nobody's step takes so little.
LONGEST_ROUND_S: Final = 0.25


class Clock(Protocol):
    """Says what time it is; read once per request, batch or tick, after the row lock."""

    def now(self) -> datetime:
        """The current time, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current time, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What time it was at one moment of the machine's monotonic clock, in seconds."""

    moment: datetime
    at: float


class ServerClock:
    """The clock of the database server, the same for every process; threads may share it.

    The machine's monotonic clock runs on from what the server last said. It is asked again every
    ten seconds; while it is away, or slow to answer, the machine's clock runs on.
    """

    def __init__(
        self, measure: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """``measure`` asks the server (see postgres.ServerTime); it is called by one at a time."""
        self._measure = measure
        self._monotonic = monotonic
        self._reading: _Reading | None = None
        self._due = monotonic()
        self._asking = threading.Lock()

    def now(self) -> datetime:
        """The current time, in UTC; raises SQLAlchemyError where the server never answered."""
        reading = self._reading or self._first()
        if self._monotonic() >= self._due and self._asking.acquire(blocking=False):
            try:
                reading = self._renew(reading)
            finally:
                self._asking.release()
        return reading.moment + timedelta(seconds=self._monotonic() - reading.at)

    def _first(self) -> _Reading:
        """Ask, however long the answer takes: without one there is no time to tell."""
        with self._asking:
            if self._reading is None:
                self._reading, _ = self._ask()
            return self._reading

    def _renew(self, before: _Reading) -> _Reading:
        self._due = self._monotonic() + RENEW_S
        try:
            reading, round_s = self._ask()
        except SQLAlchemyError as error:
            log.warning("server_clock_waits", reason=type(error).__name__)
            return before
        if round_s > LONGEST_ROUND_S:
            return before
        self._reading = reading
        return reading

    def _ask(self) -> tuple[_Reading, float]:
        """What the server says, taken for the middle of the time that it took to say it."""
        before = self._monotonic()
        moment = self._measure()
        after = self._monotonic()
        return _Reading(moment, (before + after) / 2), after - before


class SettableClock:
    """A clock that stands still until it is set; kept in a file that all processes share."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """The time last set; where none ever was, the machine's."""
        return self._read() or datetime.now(UTC)

    def set(self, moment: datetime) -> None:
        """Set the time; raises ValueError for a time without zone or before the one set."""
        if moment.tzinfo is None:
            raise ValueError("the time needs a zone, such as 2027-03-01T08:00:00Z")
        with self._alone():
            self._move_to(moment.astimezone(UTC))

    def advance(self, by: timedelta) -> datetime:
        """Move the time on and return it; raises ValueError where ``by`` is negative."""
        with self._alone():
            moment = self.now() + by
            self._move_to(moment)
        return moment

    def _read(self) -> datetime | None:
        try:
            return datetime.fromisoformat(self._path.read_text(encoding="ascii").strip())
        except FileNotFoundError:
            return None

    def _move_to(self, moment: datetime) -> None:
        stands = self._read()
        if stands is not None and moment < stands:
            raise ValueError(f"the clock only goes forwards; it stands at {stands.isoformat()}")
        draft = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        draft.write_text(moment.isoformat(), encoding="ascii")
        draft.replace(self._path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Look and set as one step, among threads and processes alike."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)
