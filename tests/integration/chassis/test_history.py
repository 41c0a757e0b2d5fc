"""The history of a stream: whoever tampers with it is found out, and what is erased is gone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Table, delete, select, update

from services.chassis import outbox
from services.chassis.database import Database
from services.chassis.tables import history, stream_heads
from tests.ports.samples import TALLIES
from tests.ports.store_suite import faults, publish


def change(database: Database, statement: Any) -> None:
    """Meddle with the file."""
    with database.transaction() as session:
        session.execute(statement)


def row(seq: int) -> Any:
    """The condition for one row of the stream."""
    return (history.c.key == "unit-a") & (history.c.seq == seq)


@contextmanager
def without_foreign_keys(database: Database) -> Iterator[None]:
    """As somebody with the file in their hands."""
    for state in ("OFF", "ON"):
        raw = database.engine.raw_connection()
        raw.cursor().execute(f"PRAGMA foreign_keys={state}")
        raw.close()
        if state == "OFF":
            yield


def swap(database: Database) -> None:
    """Exchange the contents of numbers 2 and 3."""
    for old, new in ((2, 99), (3, 2), (99, 3)):
        change(database, update(history).where(row(old)).values(seq=new))


def cut_off(database: Database) -> None:
    """Remove the newest event."""
    change(database, delete(history).where(row(4)))


Attack = Callable[[Database], None]

ATTACKS: dict[str, Attack] = {
    "edit a payload": lambda d: change(d, update(history).where(row(2)).values(payload={"a": 1})),
    "edit a payload and drop its salt": lambda d: change(
        d, update(history).where(row(2)).values(payload={"a": 1}, salt=None)
    ),
    "edit a type": lambda d: change(d, update(history).where(row(2)).values(type="handoff.x.v1")),
    "delete from the middle": lambda d: change(d, delete(history).where(row(2))),
    "delete the first": lambda d: change(d, delete(history).where(row(1))),
    "cut off the end": cut_off,
    "delete everything": lambda d: change(d, delete(history)),
    "reorder": swap,
    "drop the head": lambda d: change(d, delete(stream_heads)),
    "turn the head back": lambda d: change(d, update(stream_heads).values(seq=3)),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_history_that_was_tampered_with_is_found_out(database: Database, attack: Attack) -> None:
    publish(database, count=4)
    publish(database, "unit-b", 4)
    assert faults(database) == []
    with without_foreign_keys(database):
        attack(database)
    assert faults(database)


def test_an_erased_payload_leaves_the_chain_whole_and_the_stream_without_it(
    database: Database,
) -> None:
    publish(database, count=3)
    change(database, update(history).where(row(2)).values(payload=None, salt=None))
    assert faults(database) == []
    with database.transaction() as session:
        assert [kept.seq for kept in outbox.stream(session, TALLIES, "unit-a")] == [1, 3]


def test_equal_events_have_digests_that_tell_nobody_so(database: Database) -> None:
    publish(database, count=2)
    table: Table = history
    with database.transaction() as session:
        digests = session.scalars(select(table.c.digest)).all()
    assert len(set(digests)) == 2
