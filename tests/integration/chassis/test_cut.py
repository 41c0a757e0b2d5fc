"""A cut through several databases: one moment in all, short for writers, and tried again."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import text

from services.chassis import cut
from services.chassis.cut import CutError
from services.chassis.database import Database, sqlite_module
from services.local_servers.postgres import Postgres
from services.local_servers.waiting import wait_until
from tests.ports.at_once import in_thread

# So many different moments, within so many seconds: the writer has to come in between.
SEEN, PATIENCE_S = 4, 60.0
ADD = text("INSERT INTO pairs VALUES (:number)")


class Pair:
    """Two databases; whoever writes adds to the first, and before it ends to the second."""

    def __init__(self, first: Database, second: Database) -> None:
        self.both = (first, second)
        for each in self.both:
            with each.engine.begin() as connection:
                connection.execute(text("CREATE TABLE pairs (number integer)"))

    def write(self, number: int) -> None:
        """As intake does: the second commits first, within the transaction of the first."""
        first, second = self.both
        with first.transaction() as session:
            session.execute(ADD, {"number": number})
            with second.transaction() as other:
                other.execute(ADD, {"number": number})

    def close(self) -> None:
        for each in self.both:
            each.close()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Pair]:
    """Two SQLite files."""
    made = Pair(*(Database(f"sqlite:///{tmp_path / name}.sqlite") for name in "ab"))
    yield made
    made.close()


@pytest.fixture
def served(postgres: Postgres) -> Iterator[Pair]:
    """Two PostgreSQL databases."""
    server = Database(postgres.url())
    outside = server.engine.execution_options(isolation_level="AUTOCOMMIT")
    with outside.connect() as connection:
        for name in ("cut_a", "cut_b"):
            connection.execute(text(f"CREATE DATABASE {name}"))
    made = Pair(*(Database(postgres.url(name)) for name in ("cut_a", "cut_b")))
    yield made
    made.close()
    with outside.connect() as connection:
        for name in ("cut_a", "cut_b"):
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.close()


def path_of(database: Database) -> Path:
    return Path(str(database.engine.url.database))


def counts_of_files(pair: Pair) -> tuple[int, ...]:
    paths = [path_of(each) for each in pair.both]
    with cut.through_files(paths, lambda: None) as (views, _):
        found = [view.execute("SELECT count(*) FROM pairs").fetchone() for view in views.values()]
    return tuple(count for (count,) in found)


def counts_served(pair: Pair) -> tuple[int, ...]:
    urls = {name: each.url for name, each in zip("ab", pair.both, strict=True)}
    with cut.through_postgres(urls, lambda: None) as (views, _):
        query = text("SELECT count(*) FROM pairs")
        return tuple(view.scalar(query) or 0 for view in views.values())


def write_until(pair: Pair, enough: Event) -> int:
    """So many pairs until it is enough."""
    number = 0
    while not enough.is_set():
        number += 1
        pair.write(number)
    return number


@pytest.mark.parametrize("kind", ["files", pytest.param("served", marks=pytest.mark.postgres)])
def test_two_databases_that_are_written_to_all_the_time_show_the_same_moment(
    request: pytest.FixtureRequest, kind: str
) -> None:
    pair: Pair = request.getfixturevalue(kind)
    counts, enough = {"files": counts_of_files, "served": counts_served}[kind], Event()
    writing = in_thread(lambda: write_until(pair, enough))
    seen: list[tuple[int, ...]] = []

    def moved_on() -> bool:
        seen.append(counts(pair))
        return len(set(seen)) > SEEN

    try:
        assert wait_until(moved_on, PATIENCE_S)
    finally:
        enough.set()
    written = writing.result(60.0)
    assert [found for found in seen if found[0] != found[1]] == []
    assert counts(pair) == (written, written)


def test_a_writer_goes_on_while_the_copy_is_read(files: Pair) -> None:
    paths = [path_of(each) for each in files.both]
    files.write(1)
    with cut.through_files(paths, lambda: None) as (views, _):
        in_thread(lambda: files.write(2)).result(10.0)
        for view in views.values():
            assert view.execute("SELECT count(*) FROM pairs").fetchone() == (1,)
    assert counts_of_files(files) == (2, 2)


def test_somebody_who_writes_for_long_is_waited_for_and_holds_up_nobody_else(
    served: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cut, "PATIENCE_S", 1)
    first, second = served.both
    begun, ended = Event(), Event()

    def long() -> None:
        with first.transaction():
            begun.set()
            assert ended.wait(30.0)

    writing = in_thread(long)
    assert begun.wait(10.0)
    counting = in_thread(lambda: counts_served(served))
    with pytest.raises(TimeoutError):
        counting.result(1.5)
    with second.transaction() as session:  # within the time that any lock may be waited for
        session.execute(ADD, {"number": 1})
    ended.set()
    writing.result(10.0)
    assert counting.result(30.0) == (0, 1)


def test_where_no_moment_is_found_it_is_said(files: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "PATIENCE_S", 0)
    monkeypatch.setattr(cut, "PAUSE_S", 0)
    with files.both[1].transaction(), pytest.raises(CutError, match="try again later"):
        counts_of_files(files)


def test_what_is_no_database_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"this is no database, " * 100)
    with (
        pytest.raises(sqlite_module().DatabaseError, match="not a database"),
        cut.through_files([path], lambda: None),
    ):
        pass
