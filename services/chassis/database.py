"""One service's database: engine, transactions, and what happens after a commit."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

from sqlalchemy import Connection, Engine, Executable, Row, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from services.chassis import failpoints, postgres
from services.chassis.failpoints import Point, reached

# Below 3.51.3 a WAL reset can corrupt the file (sqlite.org/wal.html#walresetbug).
WAL_SAFE: Final = (3, 51, 3)
POOL_TIMEOUT_S: Final = 30.0
# A read of SQLite without a transaction: it does not wait until another process has written.
_ALONE: Final = {"reads_alone": True}
_WAKES: Final = "wakes_loops"
_SCRUBS: Final = "scrubs"
# secure_delete: what is erased must not stay readable in the free pages of the file.
_PRAGMAS: Final = ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")


def sqlite_module() -> ModuleType:
    """The newest SQLite at hand: the pysqlite3 wheel where it is installed, else Python's own."""
    try:
        import pysqlite3.dbapi2 as newer  # noqa: PLC0415 - absent where no wheel exists
    except ImportError:
        return sqlite3
    return newer  # type: ignore[no-any-return]


def journal_mode(version: tuple[int, int, int]) -> str:
    """WAL where it is safe, else TRUNCATE."""
    return "WAL" if version >= WAL_SAFE else "TRUNCATE"


class NestedTransactionError(RuntimeError):
    """Code that holds a transaction asked for another one on the same database."""


class Database:
    """The engine of one database; every transaction begins and ends here."""

    def __init__(self, url: str, connections: int = 8) -> None:
        """``connections``: how many a process may have; SQLite has one, whatever is said here."""
        self.url = url
        self.on_postgres = not url.startswith("sqlite")
        if self.on_postgres:
            self.engine = postgres.pooled_engine(url, connections)
        else:
            self.engine = _sqlite_engine(url)
        if failpoints.is_armed():
            event.listen(self.engine, "after_cursor_execute", _statement_done)
        self._after_commit: list[Callable[[], None]] = []
        self._here = threading.local()

    @contextmanager
    def transaction(self, agency_id: str = postgres.EVERY_AGENCY) -> Iterator[Session]:
        """A session that commits at the end, or rolls back on an error.

        PostgreSQL shows it the rows of the agency that is named, and of no other. Where none is
        named this is the service's own work, of a consumer, a job, the relay or an operator, and
        sees every agency's rows; a request names the agency of its caller (see api.py). Raises
        NestedTransactionError where this thread is inside a transaction already: it would wait for
        the connection that it holds itself.
        """
        if getattr(self._here, "inside", False):
            raise NestedTransactionError("pass the open session on; do not open another")
        self._here.inside = True
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                session.connection()  # SQLite takes its write lock here, so that `now` comes after
                if self.on_postgres:
                    postgres.show_only(session, agency_id)
                yield session
                reached(Point.TRANSACTION_WRITTEN)
        finally:
            self._here.inside = False
        reached(Point.TRANSACTION_COMMITTED)
        if session.info.get(_SCRUBS):
            self.scrub()
        if session.info.get(_WAKES):
            self.committed()
            reached(Point.TRANSACTION_ANNOUNCED)

    def glance(self, query: Executable, asked: Mapping[str, Any]) -> Row[Any] | None:
        """The first row of a read that needs no transaction around it: one round trip.

        No policy shows it a row of an agency's.
        """
        alone: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"} if self.on_postgres else _ALONE
        with self.engine.connect().execution_options(**alone) as connection:
            return connection.execute(query, asked).first()

    def on_publish(self, call: Callable[[], None]) -> None:
        """Call back after each commit that published events."""
        self._after_commit.append(call)

    def committed(self) -> None:
        """Tell the listeners that events wait in the outbox."""
        for call in self._after_commit:
            call()

    def ping(self) -> None:
        """Raise where the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def scrub(self) -> None:
        """Leave no deleted bytes behind in SQLite's write-ahead log; call it after a commit."""
        if self.on_postgres:
            return
        connection = self.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _sqlite_engine(url: str) -> Engine:
    """One connection per file: threads queue for it in the pool, and never see 'locked'."""
    module = sqlite_module()
    path = make_url(url).database
    engine = create_engine(
        url,
        module=module,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        connect_args={"check_same_thread": False, "timeout": POOL_TIMEOUT_S},
    )
    mode = journal_mode(module.sqlite_version_info) if path else "MEMORY"
    event.listen(engine, "connect", lambda connection, _: _prepare(connection, mode))
    event.listen(engine, "begin", _begin)
    return engine


def _statement_done(*_: object) -> None:
    reached(Point.STATEMENT_DONE)


def _begin(connection: Connection) -> None:
    if not _ALONE.keys() & connection.get_execution_options().keys():
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare(connection: Any, mode: str) -> None:
    """Take transactions out of the driver's hands; make the file durable and checked."""
    connection.isolation_level = None
    for pragma in (f"journal_mode={mode}", *_PRAGMAS):
        connection.execute(f"PRAGMA {pragma}")


def wake_loops(session: Session) -> None:
    """Wake the relay and the jobs once this transaction has committed."""
    session.info[_WAKES] = True


def scrub_after(session: Session) -> None:
    """Leave nothing behind of what this transaction deletes, once it has committed."""
    session.info[_SCRUBS] = True


class Wake:
    """A flag that one thread sets and a loop waits for."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Wake the waiting loop, now or at its next wait."""
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Whether it was set, now or within the seconds; clears the flag."""
        if not self._event.wait(seconds):
            return False  # nothing to clear: who sets it at this very moment must not be unheard
        self._event.clear()
        return True
