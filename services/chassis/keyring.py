"""Looking after the master keys: what each wraps, wrapping anew in batches, and retiring one."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from services.chassis import key_file
from services.chassis.database import Database
from services.chassis.key_file import MasterKeyError
from services.chassis.keys import MasterKeys, MasterMissingError, person_keys
from services.chassis.postgres import enter_as_writer, keep_writers_out, take_time

BATCH: Final = 500
_COLUMNS: Final = person_keys.c
_REWRAP: Final = (
    update(person_keys)
    .where(_COLUMNS.person == bindparam("of"), _COLUMNS.master == bindparam("old"))
    .values(master=bindparam("new"), wrapped=bindparam("sealed"))
)


class Keyring:
    """The key store and the master keys, for those who administer them."""

    def __init__(self, store: Database, masters: MasterKeys) -> None:
        self._store = store
        self._masters = masters

    def counts(self) -> Mapping[str, int]:
        """How many persons' keys each master key wraps; those that wrap none are left out."""
        wraps = func.count().label("wraps")
        query = select(_COLUMNS.master, wraps).group_by(_COLUMNS.master)
        with self._store.transaction() as session:
            take_time(session)
            return {row.master: row.wraps for row in session.execute(query)}

    def fault(self) -> str | None:
        """Why persons could not be read here: a master key that is in use and not in the file."""
        with self._store.transaction() as session:
            lacking = [name for name in _in_use(session) if name not in self._masters.content.keys]
        return str(MasterMissingError(lacking[0])) if lacking else None

    def rewrap(self, limit: int = BATCH) -> int:
        """Wrap the next persons' keys with the current master key; returns how many.

        0 when all are. It may be ended at any point, and begun again. Raises MasterMissingError
        where the master key that opens one is not here.
        """
        with self._store.transaction() as session:
            enter_as_writer(session, person_keys)
            current = self._masters.current
            old = next((name for name in _in_use(session) if name != current), None)
            if old is None:
                return 0
            rows = self._rewrapped(session, old, limit)
            session.execute(_REWRAP, rows)
        self._store.scrub()
        return len(rows)

    def retire(self, master: str) -> None:
        """Take a master key out of the file, for ever.

        Raises MasterKeyError where it is the current one, unknown, or still wraps a person's key;
        OSError where the file may not be written.
        """
        path = self._masters.path
        if path is None:
            raise MasterKeyError("these master keys stand in no file")
        with self._store.transaction() as session:
            keep_writers_out(session, person_keys)
            wraps = session.scalar(select(func.count()).where(_COLUMNS.master == master))
            if wraps:
                raise MasterKeyError(f"{master} still wraps {wraps} keys: handoff keys rewrap")
            key_file.change(path, lambda content: content.without(master))

    def _rewrapped(self, session: Session, old: str, limit: int) -> list[dict[str, Any]]:
        query = select(_COLUMNS.person, _COLUMNS.wrapped).where(_COLUMNS.master == old)
        found = session.execute(query.order_by(_COLUMNS.person).limit(limit).with_for_update())
        rows = []
        for person, wrapped in found:
            new, sealed = self._masters.wrap(person, self._masters.unwrap(old, person, wrapped))
            rows.append({"of": person, "old": old, "new": new, "sealed": sealed})
        return rows


def _in_use(session: Session) -> Iterator[str]:
    """Every master key that wraps anything: a step in the index for each, however many rows."""
    query = select(func.min(_COLUMNS.master))
    found = session.scalar(query)
    while found is not None:
        yield found
        found = session.scalar(query.where(_COLUMNS.master > found))
