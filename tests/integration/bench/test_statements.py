"""The floor of a database: what a service sent is sent again, and writes what it wrote."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text

from bench.stage import plain
from bench.statements import BEGIN, COMMIT, Recorder, connections, replay
from services.local_servers.postgres import Postgres

MADE = "CREATE TABLE notes (id bigserial PRIMARY KEY, said text)"
ADD = text("INSERT INTO notes (said) VALUES (:said) RETURNING id")


@pytest.fixture
def engine(postgres: Postgres) -> Iterator[Engine]:
    """An empty table, and a copy of it beside."""
    with closing(psycopg.connect(plain(postgres.url()), autocommit=True)) as server:
        for name in ("bench_notes", "bench_floor"):
            server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute("CREATE DATABASE bench_notes")
        with closing(psycopg.connect(plain(postgres.url("bench_notes")), autocommit=True)) as one:
            one.execute(MADE)
        server.execute("CREATE DATABASE bench_floor TEMPLATE bench_notes")
    engine = create_engine(postgres.url("bench_notes"))
    yield engine
    engine.dispose()


def test_what_was_recorded_writes_the_same_rows_in_the_same_transactions(
    engine: Engine, postgres: Postgres
) -> None:
    recorder = Recorder()
    with recorder.listening({"notes": engine}):
        with engine.begin() as connection:
            connection.execute(ADD, {"said": "one"})
            connection.execute(text("INSERT INTO notes (said) VALUES (:said)"), [{"said": "two"}])
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
            alone.execute(text("SELECT count(*) FROM notes WHERE said = :said"), {"said": "one"})
    with engine.begin() as connection:
        connection.execute(ADD, {"said": "nobody listens"})
    texts = [statement.text for statement in recorder.sent]
    assert (texts[0], texts[3]) == (BEGIN, COMMIT)
    assert texts.count(BEGIN) == texts.count(COMMIT) == 1
    assert len(texts) == 5
    with connections({"notes": plain(postgres.url("bench_floor"))}) as floor:
        replay(recorder.sent, floor)
        rows = floor["notes"].execute("SELECT id, said FROM notes ORDER BY id").fetchall()
    assert rows == [(1, "one"), (2, "two")]
