"""The database: one transaction at a time, nothing lost, and nobody told that it is locked."""

import itertools
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.chassis.database import (
    WAL_SAFE,
    Database,
    Wake,
    journal_mode,
    sqlite_module,
)
from tests.ports.at_once import THREADS, at_once

ROUNDS = 25


@pytest.fixture
def counted(database: Database) -> Database:
    """A database with a counter at zero."""
    with database.transaction() as session:
        session.execute(text("CREATE TABLE counter (value INTEGER NOT NULL)"))
        session.execute(text("INSERT INTO counter VALUES (0)"))
    return database


def value(database: Database) -> int:
    """Where the counter stands."""
    with database.transaction() as session:
        return int(session.scalar(text("SELECT value FROM counter")) or 0)


def increment(database: Database) -> None:
    """Read, then write what was read and one more: lost without a lock from the beginning."""
    with database.transaction() as session:
        before = session.scalar(text("SELECT value FROM counter"))
        session.execute(text("UPDATE counter SET value = :new"), {"new": before + 1})


def test_a_glance_does_not_wait_until_another_process_has_written(
    counted: Database, tmp_path: Path
) -> None:
    (file,) = tmp_path.rglob("*.sqlite")
    other = sqlite_module().connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE counter SET value = 7")
    row = counted.glance(text("SELECT value FROM counter WHERE value < :most"), {"most": 5})
    assert row is not None
    assert row.value == 0
    other.execute("COMMIT")
    other.close()
    assert value(counted) == 7


def test_sixteen_threads_lose_no_update_and_meet_no_lock(counted: Database) -> None:
    at_once(lambda _: increment(counted), ROUNDS)
    assert value(counted) == THREADS * ROUNDS


def test_a_second_opener_of_the_file_waits_instead_of_failing(
    counted: Database, tmp_path: Path
) -> None:
    other = Database(f"sqlite:///{tmp_path / 'service.sqlite'}")
    turn = itertools.cycle([counted, other])
    at_once(lambda _: increment(next(turn)), 5)
    assert value(counted) == THREADS * 5
    other.close()


def test_two_databases_may_be_open_inside_each_other(counted: Database, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    with counted.transaction(), other.transaction() as session:
        assert session.scalar(text("SELECT 1")) == 1
    other.close()


def test_the_write_lock_is_held_from_the_first_line_of_a_transaction(
    counted: Database, tmp_path: Path
) -> None:
    # The same library: locks of another copy of SQLite in this process would not be seen.
    module = sqlite_module()
    outside = module.connect(tmp_path / "service.sqlite", timeout=0, isolation_level=None)
    with counted.transaction(), pytest.raises(module.OperationalError, match="locked"):
        outside.execute("BEGIN IMMEDIATE")
    outside.close()


def test_committed_changes_survive_a_process_that_never_closes(
    counted: Database, tmp_path: Path
) -> None:
    increment(counted)
    outside = sqlite_module().connect(tmp_path / "service.sqlite")
    assert outside.execute("SELECT value FROM counter").fetchone() == (1,)
    outside.close()


def test_foreign_keys_are_checked(counted: Database) -> None:
    with counted.transaction() as session:
        session.execute(text("CREATE TABLE a (id INTEGER PRIMARY KEY)"))
        session.execute(text("CREATE TABLE b (a INTEGER REFERENCES a)"))
    with pytest.raises(IntegrityError), counted.transaction() as session:
        session.execute(text("INSERT INTO b VALUES (7)"))


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 7, 0), "TRUNCATE"),
        ((3, 40, 1), "TRUNCATE"),
        ((3, 51, 2), "TRUNCATE"),
        ((3, 51, 3), "WAL"),
        ((3, 52, 0), "WAL"),
        ((4, 0, 0), "WAL"),
    ],
)
def test_wal_is_used_only_where_its_reset_is_safe(version: tuple[int, int, int], mode: str) -> None:
    assert journal_mode(version) == mode


def test_the_file_is_in_the_mode_of_the_linked_sqlite_and_fully_synchronous(
    database: Database,
) -> None:
    linked: tuple[int, int, int] = sqlite_module().sqlite_version_info
    with database.transaction() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == journal_mode(linked).lower()
        assert session.scalar(text("PRAGMA synchronous")) == 2
        assert session.scalar(text("PRAGMA secure_delete")) == 1
    assert sqlite_module().sqlite_version_info >= min(WAL_SAFE, sqlite3.sqlite_version_info)


def test_scrubbing_leaves_no_deleted_bytes_in_any_file(database: Database, tmp_path: Path) -> None:
    secret = "canary-" * 40
    with database.transaction() as session:
        session.execute(text("CREATE TABLE secrets (value TEXT)"))
        session.execute(text("INSERT INTO secrets VALUES (:v)"), {"v": secret})
    assert secret.encode() in b"".join(p.read_bytes() for p in tmp_path.iterdir())
    with database.transaction() as session:
        session.execute(text("DELETE FROM secrets"))
    database.scrub()
    assert b"canary-" not in b"".join(p.read_bytes() for p in tmp_path.iterdir())


def test_a_wake_set_before_the_wait_is_not_lost() -> None:
    wake = Wake()
    wake.set()
    waiter = threading.Thread(target=lambda: wake.wait(60.0))
    waiter.start()
    waiter.join(10.0)
    assert not waiter.is_alive()
