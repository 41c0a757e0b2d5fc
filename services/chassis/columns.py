"""Column types that mean the same on SQLite and PostgreSQL, and statements that both take."""

from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import DateTime, Dialect, Integer, String, Table, Text, TypeDecorator
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.types import BigInteger, TypeEngine

# PostgreSQL takes 65,535 values with a statement, SQLite 32,766.
_MOST_NAMED: Final = 10_000
Value = TypeVar("Value")


def in_parts(values: Collection[Value]) -> Iterator[list[Value]]:
    """Values in as many parts as it takes for a statement to name each part whole."""
    listed = [*values]
    return (listed[at : at + _MOST_NAMED] for at in range(0, len(listed), _MOST_NAMED))


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps fixed-width text, so that text order is time order."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[Any]:
        """What a value of the column is; pages read it to make one of a cursor."""
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, timestamptz elsewhere."""
        kind: TypeEngine[Any] = String(32) if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive times; write UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.isoformat(timespec="microseconds") if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if dialect.name == "sqlite" else value
        return moment.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """JSON as text with sorted keys: the same bytes on both databases, so digests agree."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write JSON."""
        del dialect
        if value is None:
            return None
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Read JSON."""
        del dialect
        return None if value is None else orjson.loads(value)


# SQLite counts its rows in INTEGER PRIMARY KEY only.
Sequence = BigInteger().with_variant(Integer, "sqlite")


def insert(session: Session, table: Table) -> Any:
    """An INSERT with ON CONFLICT clauses, in the session's dialect."""
    name = session.get_bind().dialect.name
    return sqlite.insert(table) if name == "sqlite" else postgresql.insert(table)


class Upsert:
    """An INSERT with ON CONFLICT clauses that is built once: to build it costs more than to run it.

    ``clauses`` completes the bare INSERT; the rows come with each execution.
    """

    def __init__(self, table: Table, clauses: Callable[[Any], Any]) -> None:
        self._sqlite = clauses(sqlite.insert(table))
        self._postgres = clauses(postgresql.insert(table))

    def of(self, session: Session) -> Any:
        """The statement in the session's dialect."""
        name = session.get_bind().dialect.name
        return self._sqlite if name == "sqlite" else self._postgres
