"""The one source of the current time: a Clock port with a system and a settable adapter."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Says what time it is; read once per request, batch or tick, after the row lock."""

    def now(self) -> datetime:
        """The current time, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current time, in UTC."""
        return datetime.now(UTC)


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
