"""Waking the loops of other processes after a commit: PostgreSQL's NOTIFY, many commits as one."""

import threading
from collections.abc import Sequence
from typing import Any, Final, Protocol

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.chassis.database import Database, Wake
from services.chassis.faults import reason_of
from services.chassis.postgres import lasting_engine

log = structlog.get_logger()

CHANNEL: Final = "handoff_wake"
TOGETHER_S: Final = 0.005
LOOK_S: Final = 0.5
TRY_AGAIN_S: Final = 1.0


class Announcer:
    """Tells the other processes of a commit, on a thread and a connection of its own.

    A NOTIFY inside each transaction would make commits wait for each other; here those of a few
    milliseconds share one. Where it fails nothing is lost: the loops look by themselves too.
    """

    def __init__(self, database: Database) -> None:
        """Hand ``announce`` to the database's ``on_publish``; the first call starts the thread."""
        self._engine = lasting_engine(database.url)
        self._wake = Wake()
        self._stop = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def announce(self) -> None:
        """Tell, soon; returns at once."""
        self._wake.set()
        if self._thread is None:
            self._start()

    def stop(self) -> None:
        """End the thread; what was not told yet, the loops find by themselves."""
        with self._starting:
            self._stop.set()
            self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _start(self) -> None:
        """Started by a commit, never before: a thread would not live through gunicorn's fork."""
        with self._starting:
            if self._thread is None and not self._stop.is_set():
                thread = threading.Thread(target=self._run, name="announcer", daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._tell()
            except SQLAlchemyError as error:
                log.warning("announcer_waits", reason=reason_of(error))
                self._stop.wait(TRY_AGAIN_S)
                self._wake.set()  # the one that failed is still to be told

    def _tell(self) -> None:
        with self._engine.connect() as connection:
            while not self._stop.is_set():
                if self._wake.wait(LOOK_S) and not self._stop.wait(TOGETHER_S):
                    connection.execute(text(f"NOTIFY {CHANNEL}"))


class Woken(Protocol):
    """What is told of a commit: the wake of a loop, or whoever waits."""

    def set(self) -> None:
        """Something was committed; returns at once."""


class Listener:
    """Sets wakes when any process has committed something that the loops act on."""

    def __init__(self, database: Database, wakes: Sequence[Woken]) -> None:
        """Nothing runs before ``start``."""
        self._engine = lasting_engine(database.url)
        self._wakes = wakes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, within half a second or the time that a connection takes."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001 - the driver raises its own kinds; try again
                log.warning("listener_waits", reason=reason_of(error))
                self._stop.wait(TRY_AGAIN_S)

    def _listen(self) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(f"LISTEN {CHANNEL}"))
            driver: Any = connection.connection.driver_connection
            self._set_all()  # whatever was told while nobody listened
            while not self._stop.is_set():
                for _ in driver.notifies(timeout=LOOK_S, stop_after=1):
                    self._set_all()

    def _set_all(self) -> None:
        for wake in self._wakes:
            wake.set()
