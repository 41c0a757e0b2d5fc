"""One moment common to several databases: nobody commits anywhere while their views are opened.

What is read through them is what a power failure at that moment would have left of the suite.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from services.chassis.database import sqlite_module
from services.chassis.faults import is_lock_timeout
from services.chassis.postgres import EVERY_AGENCY, GATE, lasting_engine

Said = TypeVar("Said")
Taken = TypeVar("Taken")
# Nobody who works is kept waiting longer than this; then it is left, and tried again.
PATIENCE_S: Final = 2
TRIES: Final = 20
PAUSE_S: Final = 0.5
_FAULTS: Final = (OperationalError, sqlite_module().OperationalError)
_CLOSE: Final = text("SELECT pg_advisory_xact_lock(:gate)")
_SHOW: Final = text("SELECT set_config('handoff.agency', :agency, true)")


class CutError(Exception):
    """Somebody writes for so long that no moment without a writer was found."""


@contextmanager
def through_postgres(
    urls: Mapping[str, str], meanwhile: Callable[[], Said]
) -> Iterator[tuple[Mapping[str, Connection], Said]]:
    """A view of each database, all of the same moment, and what ``meanwhile`` returned in it.

    The databases in the order in which a transaction may hold one and ask for another. Raises
    CutError, or OperationalError where one does not answer.
    """
    with ExitStack() as opened:
        yield _patiently(opened, lambda own: _postgres_views(own, urls, meanwhile))


@contextmanager
def through_files(
    paths: Sequence[Path], meanwhile: Callable[[], Said]
) -> Iterator[tuple[Mapping[Path, Any], Said]]:
    """The same for SQLite files: a connection for each that shows the moment.

    Writers wait where the journal is no write-ahead log, until the views are closed again. Raises
    CutError, or the driver's error for a file that is no database.
    """
    with ExitStack() as opened:
        yield _patiently(opened, lambda own: _file_views(own, paths, meanwhile))


def _patiently(opened: ExitStack, take: Callable[[ExitStack], Taken]) -> Taken:
    """Take all views, or let go of everything and try again a little later."""
    for attempt in range(TRIES):
        own = opened.enter_context(ExitStack())
        try:
            return take(own)
        except _FAULTS as error:
            own.close()
            if not _is_busy(error):
                raise
        time.sleep(PAUSE_S * (attempt + 1))
    raise CutError("somebody writes for minutes (a republishing, an import?): try again later")


def _is_busy(error: Exception) -> bool:
    if isinstance(error, OperationalError):
        return is_lock_timeout(error)
    return "locked" in str(error)


def _postgres_views(
    opened: ExitStack, urls: Mapping[str, str], meanwhile: Callable[[], Said]
) -> tuple[Mapping[str, Connection], Said]:
    views = {name: opened.enter_context(_view(url)) for name, url in urls.items()}
    with ExitStack() as gates:
        for url in urls.values():
            gates.enter_context(_closed_gate(url))
        for view in views.values():
            view.execute(_SHOW, {"agency": EVERY_AGENCY})  # its first query: from here on it stays
        return views, meanwhile()


def _file_views(
    opened: ExitStack, paths: Sequence[Path], meanwhile: Callable[[], Said]
) -> tuple[Mapping[Path, Any], Said]:
    views = {path: opened.enter_context(_connected(path, "mode=ro")) for path in paths}
    with ExitStack() as gates:
        for path in paths:
            gates.enter_context(_connected(path, "mode=rw")).execute("BEGIN IMMEDIATE")
        for view in views.values():
            view.execute("BEGIN")
            view.execute("SELECT count(*) FROM sqlite_master").fetchall()
        return views, meanwhile()


@contextmanager
def _view(url: str) -> Iterator[Connection]:
    """A connection whose first query says which moment it shows, for as long as it is open."""
    with lasting_engine(url).connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield connection


@contextmanager
def _closed_gate(url: str) -> Iterator[None]:
    """Every transaction that passed the gate has ended, and none passes."""
    with lasting_engine(url).connect() as connection:
        connection.execution_options(isolation_level="READ COMMITTED")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE_S}s'")
        connection.execute(_CLOSE, {"gate": GATE})
        yield


@contextmanager
def _connected(path: Path, mode: str) -> Iterator[Any]:
    connection = sqlite_module().connect(
        f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=PATIENCE_S, isolation_level=None
    )
    try:
        yield connection
    finally:
        connection.close()
