"""What may befall the folder of a suite: files lost, damaged, locked, or not what they were."""

import ctypes
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def changing(path: Path) -> Iterator[sqlite3.Connection]:
    """A database, to be changed behind the suite's back."""
    with closing(sqlite3.connect(path)) as database, database:
        yield database


@contextmanager
def obeying_file_modes() -> Iterator[None]:
    """Root passes over the modes of files: lay those two rights down meanwhile."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this thread
    rights = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, rights) == 0
    before = rights[0]
    rights[0] = before & ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert libc.capset(header, rights) == 0
    try:
        yield
    finally:
        rights[0] = before
        assert libc.capset(header, rights) == 0


def open_key(home: Path) -> None:
    (home / "keys" / "master.json").chmod(0o644)


def break_key(home: Path) -> None:
    (home / "keys" / "token-signing.json").write_text("{}")


def lose_key(home: Path) -> None:
    (home / "keys" / "master.json").unlink()


def lose_database(home: Path) -> None:
    (home / "data" / "matcher.sqlite").unlink()


def spoil_database(home: Path) -> None:
    (home / "data" / "notifier.sqlite").write_bytes(b"this is no database, " * 100)


def lose_events(home: Path) -> None:
    (home / "data" / "events.sqlite").unlink()


def turn_clock_back(home: Path) -> None:
    row = ("t", "k", 1, "e", "x", "2999-01-01T00:00:00.000000+00:00", "d", "h")
    with changing(home / "data" / "referral_api.sqlite") as database:
        database.execute(
            "INSERT INTO history (topic, key, seq, event_id, type, at, digest, hash) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )


def foreign_schema(home: Path) -> None:
    with changing(home / "data" / "matcher.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = 'matcher_9999'")


def lose_version(home: Path) -> None:
    with changing(home / "data" / "matcher.sqlite") as database:
        database.execute("DELETE FROM alembic_version")


def damage_page(home: Path) -> None:
    path = home / "data" / "notifier.sqlite"
    with changing(path) as database:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'history'"
        ((page,),) = database.execute(query).fetchall()
        ((size,),) = database.execute("PRAGMA page_size").fetchall()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def lose_store(home: Path) -> None:
    (home / "keys" / "person_keys.sqlite").unlink()


def spoil_store(home: Path) -> None:
    (home / "keys" / "person_keys.sqlite").write_bytes(b"this is no database, " * 100)


def mail_into_a_file(home: Path) -> None:
    (home / "mail").write_text("no folder")


def data_into_a_file(home: Path) -> None:
    (home / "data").rename(home / "elsewhere")
    (home / "data").write_text("no folder")


def clock_without_time(home: Path) -> None:
    (home / "clock.txt").write_text("noon")


def clock_without_zone(home: Path) -> None:
    (home / "clock.txt").write_text("2027-03-01T08:00:00")


def clock_of_another_century(home: Path) -> None:
    (home / "clock.txt").write_text("2127-03-01T08:00:00+00:00")


def locked_data(home: Path) -> None:
    (home / "data").chmod(0)


def locked_home(home: Path) -> None:
    home.chmod(0o500)


def locked_database(home: Path) -> None:
    (home / "data" / "matcher.sqlite").chmod(0o400)


def locked_events(home: Path) -> None:
    (home / "data" / "events.sqlite").chmod(0)


def locked_key(home: Path) -> None:
    (home / "keys" / "master.json").chmod(0)
