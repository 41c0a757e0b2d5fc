"""One active process for a task: an advisory lock that PostgreSQL frees when its holder dies."""

import threading
from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from services.chassis.database import Database
from services.chassis.postgres import lasting_engine, lock_number

log = structlog.get_logger()

_ALIVE: Final = text("SELECT 1")
_TRY: Final = text("SELECT pg_try_advisory_lock(:key)")


class Leader:
    """Takes the lock of a task when it is free, and keeps it while the connection lives.

    SQLite has one process, which always leads. A leader that was paused may still finish a tick
    when another leads already: what it does must be harmless twice (outbox rows, row locks).
    """

    def __init__(self, database: Database, task: str) -> None:
        """Connects when it is first asked; loops of one process may share a leader."""
        self._task = task
        self._key = lock_number(task)
        self._engine = lasting_engine(database.url) if database.on_postgres else None
        self._connection: Connection | None = None
        self._held = False
        self._guard = threading.Lock()

    def leads(self) -> bool:
        """Whether this process has the lock now; raises OperationalError without a database."""
        if self._engine is None:
            return True
        with self._guard:
            return self._keeps() if self._held else self._takes(self._engine)

    def only(self, tick: Callable[[], int]) -> Callable[[], int]:
        """The tick for a loop: nothing while another process leads."""
        return lambda: tick() if self.leads() else 0

    def resign(self) -> None:
        """Free the lock, so that another process has it at once."""
        with self._guard:
            self._let_go()

    def _keeps(self) -> bool:
        """Ask for a sign of life: the lock is ours for as long as its connection is."""
        try:
            self._held = self._connection is not None and self._connection.scalar(_ALIVE) == 1
        except SQLAlchemyError:
            log.warning("leadership_lost", task=self._task)
            self._let_go()
        return self._held

    def _takes(self, engine: Engine) -> bool:
        """Try, on a connection that stays open between tries: some stand by for a long time."""
        self._connection = self._connection or engine.connect()
        try:
            self._held = bool(self._connection.scalar(_TRY, {"key": self._key}))
        except SQLAlchemyError:
            self._let_go()
            raise
        if self._held:
            log.info("leads", task=self._task)
        return self._held

    def _let_go(self) -> None:
        """Close the connection: the server frees the lock with it."""
        connection, self._connection, self._held = self._connection, None, False
        if connection is not None:
            connection.close()
