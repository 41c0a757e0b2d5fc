"""The directory in memory: read once, and then what changed since."""

import threading
from typing import Any, Final

from sqlalchemy import Pool, Row, bindparam, select, text
from sqlalchemy.orm import Session

from services.matcher.domain.catalogue import Catalogue
from services.matcher.domain.directory import program_of
from services.matcher.store import directory
from services.matcher.tables import JournalRow

_JOURNAL: Any = JournalRow.__table__
# In these words, so that a planner sees that the partial index holds every row asked for.
_OF_PROGRAMS: Final = text("kind = 'program'")
_CHANGES: Final = (
    select(_JOURNAL.c.number, _JOURNAL.c.at, _JOURNAL.c.body)
    .where(_OF_PROGRAMS, _JOURNAL.c.number >= bindparam("since"))
    .order_by(_JOURNAL.c.number)
)
_NEWEST: Final = (
    select(_JOURNAL.c.number, _JOURNAL.c.at, _JOURNAL.c.body)
    .where(_OF_PROGRAMS)
    .order_by(_JOURNAL.c.number.desc())
    .limit(1)
)


class Remembered:
    """One process's directory, as of the newest change in the journal that it has seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._catalogue = Catalogue()
        self._newest: Row[Any] | None = None
        self._pool: Pool | None = None

    def catalogue(self, session: Session) -> Catalogue:
        """Every program as it stands; one query where nothing changed.

        Not to be called where the transaction itself changes programs: it may yet be rolled back.
        Where the journal is not the one that was read (a copy was put back in its place) the
        directory is read anew.
        """
        with self._lock:
            pool = session.get_bind().engine.pool
            last = self._newest if pool is self._pool else None
            changes = session.execute(_CHANGES, {"since": last.number}).all() if last else []
            if last is None or not changes or tuple(changes[0]) != tuple(last):
                self._read(session)
            else:
                self._catalogue.take(program_of(row.body) for row in changes[1:])
                self._newest = changes[-1]
            self._pool = pool
            return self._catalogue

    def _read(self, session: Session) -> None:
        # First how far, then what: a change that comes between is taken twice, never left out.
        self._newest = session.execute(_NEWEST).first()
        self._catalogue = Catalogue(directory.every_program(session).values())
