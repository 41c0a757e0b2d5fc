"""Watches over the processes of the local servers: who dies is started again, with patience."""

import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from services.local_servers.errors import LocalServerError

LOOK_EVERY_S: Final = 0.2
# Who lives longer than this did not die at once; on a busy machine a start takes its time.
SETTLED_S: Final = 60.0
DEATHS: Final = 5
FIRST_BACK_OFF_S: Final = 0.5
LONGEST_BACK_OFF_S: Final = 8.0


class Member(Protocol):
    """A process that can be started again."""

    @property
    def died(self) -> bool:
        """Whether it has ended though nobody here stopped it."""

    def launch(self) -> None:
        """Start it, without waiting; raises LocalServerError where it cannot be run."""

    def tail(self) -> str:
        """The last lines of its log."""


@dataclass(slots=True)
class _Record:
    """How a member has fared; ``due`` is when it is started again."""

    member: Member
    launched: float
    deaths: int = 0
    due: float | None = None


@dataclass(slots=True)
class Crew:
    """Looks after its members on a thread of its own, from ``start`` to ``stop``.

    ``give_up`` is called once where a member dies at once five times running; ``failure`` then
    says which, with the end of its log. ``settled_s``: who lives longer did not die at once.
    """

    say: Callable[[str], None]
    give_up: Callable[[], None]
    monotonic: Callable[[], float] = time.monotonic
    settled_s: float = SETTLED_S
    failure: str | None = None
    _records: dict[str, _Record] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def add(self, name: str, member: Member) -> None:
        """Look after a member that was just launched."""
        self._records[name] = _Record(member, self.monotonic())

    def start(self) -> None:
        """Start looking."""
        self._thread = threading.Thread(target=self._run, name="crew", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Start nobody again from here on."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """Look at every member once."""
        for name, record in list(self._records.items()):
            if self.failure is None:
                self._look_at(name, record)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            self.look()

    def _look_at(self, name: str, record: _Record) -> None:
        if not record.member.died:
            record.due = None  # alive, or somebody here stopped it meanwhile
        elif record.due is None:
            self._lost(name, record)
        elif self.monotonic() >= record.due:
            self._launch(name, record)

    def _lost(self, name: str, record: _Record) -> None:
        """Plan its return, or give up."""
        at_once = self.monotonic() - record.launched < self.settled_s
        record.deaths = record.deaths + 1 if at_once else 1
        if record.deaths >= DEATHS:
            self._fail(f"{name} ended at once {DEATHS} times running; its log ends:", record)
            return
        back_off = min(FIRST_BACK_OFF_S * 2 ** (record.deaths - 1), LONGEST_BACK_OFF_S)
        record.due = self.monotonic() + back_off
        self.say(f"{name} has ended by itself; it is started again in {back_off:g} s")

    def _launch(self, name: str, record: _Record) -> None:
        record.due, record.launched = None, self.monotonic()
        try:
            record.member.launch()
        except LocalServerError as error:
            self._fail(f"{name} cannot be started again: {error}", record)
        except (OSError, subprocess.SubprocessError):
            self._lost(name, record)  # the machine was short of something, perhaps for a moment

    def _fail(self, why: str, record: _Record) -> None:
        self.failure = f"{why}\n{record.member.tail()}".rstrip()
        self.give_up()
