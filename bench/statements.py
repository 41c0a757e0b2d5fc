"""The floor of a database: the very statements of a service again, by psycopg and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from sqlalchemy import Engine, event

BEGIN: Final = "BEGIN"
COMMIT: Final = "COMMIT"


@dataclass(frozen=True, slots=True)
class Statement:
    """What was sent to a store, and with which values; ``many`` = for each of them."""

    store: str
    text: str
    values: Any = None
    many: bool = False


@dataclass(slots=True)
class Recorder:
    """Notes what is sent to the stores while it listens."""

    sent: list[Statement] = field(default_factory=list)
    _inside: set[str] = field(default_factory=set)

    @contextmanager
    def listening(self, stores: Mapping[str, Engine]) -> Iterator[None]:
        """From entry to exit."""
        hooks = [hook for name, engine in stores.items() for hook in self._hooks(name, engine)]
        for hook in hooks:
            event.listen(*hook)
        try:
            yield
        finally:
            for hook in hooks:
                event.remove(*hook)

    def _hooks(self, store: str, engine: Engine) -> Sequence[tuple[Engine, str, Any]]:
        def execute(_: Any, cursor: Any, text: str, values: Any, __: Any, many: bool) -> None:  # noqa: FBT001 - SQLAlchemy's own signature
            if not cursor.connection.autocommit and store not in self._inside:
                self._inside.add(store)
                self.sent.append(Statement(store, BEGIN))
            self.sent.append(Statement(store, text, values, many))

        def commit(_: Any) -> None:
            if store in self._inside:
                self._inside.discard(store)
                self.sent.append(Statement(store, COMMIT))

        return [(engine, "before_cursor_execute", execute), (engine, "commit", commit)]


@contextmanager
def connections(urls: Mapping[str, str]) -> Iterator[dict[str, psycopg.Connection[Any]]]:
    """A connection to each store."""
    with ExitStack() as opened:
        yield {
            name: opened.enter_context(psycopg.connect(url, autocommit=True))
            for name, url in urls.items()
        }


def replay(sent: Sequence[Statement], to: Mapping[str, psycopg.Connection[Any]]) -> None:
    """Send the statements again, in order, each answer read."""
    for statement in sent:
        with to[statement.store].cursor() as cursor:
            if statement.many:
                cursor.executemany(statement.text, statement.values)
            else:
                cursor.execute(statement.text, statement.values or None)
            if cursor.description is not None:
                cursor.fetchall()
