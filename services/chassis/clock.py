"""The one source of the current time: a Clock port with a system and a settable adapter."""

import os
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
        try:
            return datetime.fromisoformat(
                self._path.read_text(encoding="ascii").strip()
            )
        except FileNotFoundError:
            return datetime.now(UTC)

    def set(self, moment: datetime) -> None:
        """Set the time; raises ValueError for a time without zone or before the one set."""
        if moment.tzinfo is None:
            raise ValueError("the time needs a zone, such as 2027-03-01T08:00:00Z")
        if self._path.exists() and moment < self.now():
            raise ValueError(
                f"the clock only goes forwards; it stands at {self.now().isoformat()}"
            )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(moment.astimezone(UTC).isoformat(), encoding="ascii")
        os.replace(draft, self._path)

    def advance(self, by: timedelta) -> datetime:
        """Move the time on and return it."""
        moment = self.now() + by
        self.set(moment)
        return moment
