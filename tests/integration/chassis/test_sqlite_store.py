"""SQLite: the suite of every database, and sixteen threads on each file of a suite at once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from contracts.topics import Consumer, Service
from services.chassis import audit, keys, migrations, outbox
from services.chassis.database import Database
from services.chassis.embedded_log import EmbeddedLog
from services.chassis.embedded_rows import records
from services.chassis.inbox import Inbox
from services.chassis.keys import PersonKeys, person_keys
from services.chassis.tables import inbox
from tests.ports.at_once import THREADS, at_once
from tests.ports.samples import (
    NOON,
    PROGRAMS,
    TALLIES,
    StillClock,
    database_at,
    message,
    program,
    record,
    tally,
)
from tests.ports.store_suite import MASTERS, PARTNER, OpenDatabase, StoreSuite

ROUNDS = 10
ALL = THREADS * ROUNDS


@pytest.fixture
def open_database(tmp_path: Path) -> OpenDatabase:
    """Opens one file, again and again."""
    return lambda: database_at(f"sqlite:///{tmp_path / 'store.sqlite'}")


class TestSqlite(StoreSuite):
    """SQLite does what every database does."""


class Files:
    """The five files of a suite, each behind the code that owns it."""

    def __init__(self, folder: Path) -> None:
        names = (*Service, "events", "person_keys")
        self.databases = {name: Database(f"sqlite:///{folder / name}.sqlite") for name in names}
        for service in Service:
            migrations.upgrade(self.databases[service], service)
        keys.metadata.create_all(self.databases["person_keys"].engine)
        self.log = EmbeddedLog(self.databases["events"], StillClock().now)
        self.keys = PersonKeys(self.databases["person_keys"], MASTERS)
        self.box = Inbox(Consumer.OUTCOMES, {})

    @property
    def works(self) -> list[Callable[[int], object]]:
        """What a thread does to each file."""
        return [
            lambda _: self.command(Service.REFERRAL_API, self.submit),
            lambda _: self.command(Service.MATCHER, self.describe),
            lambda number: self.command(Service.NOTIFIER, lambda s: self.hear(s, number)),
            lambda number: self.log.publish([message(1, f"unit-{number}")]),
            lambda number: self.keys.create(f"person-{number}", NOON),
        ]

    def command(self, service: Service, work: Callable[[Session], object]) -> None:
        """A command as services run them: its work, and the audit of it."""
        with self.databases[service].transaction() as session:
            work(session)
            audit.record(session, "everything", NOON, PARTNER, "done")

    def submit(self, session: Session) -> None:
        """What referral_api writes."""
        outbox.publish(session, TALLIES, "unit-a", [tally()], NOON)

    def describe(self, session: Session) -> None:
        """What the matcher writes."""
        outbox.publish(session, PROGRAMS, "program-a", [program(1)], NOON)

    def hear(self, session: Session, number: int) -> None:
        """What the notifier writes."""
        self.box.take(session, [record(1, f"unit-{number}")], NOON)

    def count(self, name: str, table: Table) -> int:
        """How many rows stand in a table of a file."""
        with self.databases[name].transaction() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def close(self) -> None:
        """Close every file."""
        for database in self.databases.values():
            database.close()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    """The files of a suite, as `handoff up` makes them."""
    made = Files(tmp_path)
    yield made
    made.close()


def test_sixteen_threads_on_each_of_the_five_files_lose_nothing_and_meet_no_lock(
    files: Files,
) -> None:
    works = files.works
    at_once(lambda n: works[n // ROUNDS % len(works)](n), ROUNDS, THREADS * len(works))
    for name, topic, key in (
        (Service.REFERRAL_API, TALLIES, "unit-a"),
        (Service.MATCHER, PROGRAMS, "program-a"),
    ):
        with files.databases[name].transaction() as session:
            assert outbox.unpublished(session) == ALL
            assert outbox.verify(session, topic, key) == []
    for service in Service:
        with files.databases[service].transaction() as session:
            assert len(audit.entries(session, "everything")) == ALL
            assert audit.verify_subject(session, "everything") == []
    assert files.count(Service.NOTIFIER, inbox) == ALL
    assert files.count("events", records) == ALL
    assert files.count("person_keys", person_keys) == ALL
