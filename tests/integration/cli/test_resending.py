"""After a restore: what some consumer has not handled is sent again, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from contracts.topics import Consumer, Service
from services.chassis import outbox
from services.chassis.columns import insert
from services.chassis.database import Database
from services.chassis.tables import history, inbox
from services.chassis.tables import outbox as outbox_table
from services.cli import resending
from tests.ports.samples import NOON, PROGRAMS, TALLIES, database_at, program, tally

Databases = dict[Service, Database]


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[Databases]:
    """The three services' databases, all that they published sent before."""
    made = {each: database_at(f"sqlite:///{tmp_path / each}.sqlite") for each in Service}
    with made[Service.REFERRAL_API].transaction() as session:
        for number in range(5):
            outbox.publish(session, TALLIES, f"unit-{number}", [tally(f"unit-{number}")] * 3, NOON)
    with made[Service.MATCHER].transaction() as session:
        for version in (1, 2):
            outbox.publish(session, PROGRAMS, "program-a", [program(version)], NOON)
    for each in made.values():
        with each.transaction() as session:
            session.execute(update(outbox_table).values(published_at=NOON))
    yield made
    for each in made.values():
        each.close()


def handle(databases: Databases, key: str, seq: int) -> None:
    """What the one consumer of the tallies has done."""
    row = {"consumer": Consumer.OUTCOMES, "topic": TALLIES, "key": key, "seq": seq}
    with databases[Service.NOTIFIER].transaction() as session:
        session.execute(insert(session, inbox).values(row))


def due(databases: Databases, service: Service) -> list[tuple[str, int]]:
    """What the relay of a service would send, in its order."""
    query = select(history.c.key, history.c.seq).join_from(outbox_table, history)
    unsent = query.where(outbox_table.c.published_at.is_(None)).order_by(outbox_table.c.id)
    with databases[service].transaction() as session:
        return [(key, seq) for key, seq in session.execute(unsent)]


def test_streams_that_were_not_handled_to_their_end_are_sent_again(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resending, "PAGE", 2)
    for number, seq in ((0, 3), (1, 2), (2, 3), (3, 3)):  # of unit-4 it has heard nothing
        handle(databases, f"unit-{number}", seq)
    assert resending.resend(databases) == 2 * 3 + 1
    behind = [("unit-1", 1), ("unit-1", 2), ("unit-1", 3)]
    assert due(databases, Service.REFERRAL_API) == [
        *behind,
        *[("unit-4", seq) for seq in (1, 2, 3)],
    ]


def test_of_a_compacted_topic_the_newest_of_each_key_is_sent(databases: Databases) -> None:
    resending.resend(databases)
    assert due(databases, Service.MATCHER) == [("program-a", 2)]
