"""Chains held against heads that were exported: cut off, rewritten, removed or rolled back."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, delete, select, update

from services.chassis import audit
from services.chassis.database import Database
from services.chassis.heads import GENESIS
from services.chassis.tables import audit as entries
from services.chassis.tables import history, stream_heads
from services.chassis.tables import outbox as outbox_table
from tests.integration.chassis.chained_store import (
    ONE,
    PARTNER,
    change,
    entry,
    event,
    faults,
    fill,
    head,
    heads,
    publish,
    write,
)
from tests.ports.samples import NOON, database_at


def cut_with_its_head(store: Database) -> None:
    """Take the last entry away, and set the head to the one before."""
    with store.transaction() as session:
        session.execute(delete(entries).where(entry(4)))
        last = session.execute(select(entries.c.hash).where(entry(3))).scalar_one()
        said = update(stream_heads).where(head(ONE)).values(seq=3, hash=last)
        session.execute(said)


def rewrite(store: Database) -> None:
    """Change an entry and forge everything after it, the head too."""
    with store.transaction() as session:
        rows = session.execute(select(entries).where(entries.c.subject == ONE)).mappings().all()
        previous = GENESIS
        for row in sorted(map(dict, rows), key=lambda row: row["number"]):
            row |= {"actor": "nobody", "previous": previous}
            previous = audit.entry_hash({str(name): value for name, value in row.items()})
            said = {"actor": "nobody", "previous": row["previous"], "hash": previous}
            session.execute(update(entries).where(entry(row["number"])).values(said))
        session.execute(update(stream_heads).where(head(ONE)).values(hash=previous))


def remove(store: Database) -> None:
    """Take a whole chain away, its head too."""
    gone = delete(entries).where(entries.c.subject == ONE)
    change(store, gone, delete(stream_heads).where(head(ONE)))


def cut_stream_with_its_head(store: Database) -> None:
    """Take the last event of a stream away, and set the head to the one before."""
    with store.transaction() as session:
        last = session.execute(select(history.c.hash).where(event(3))).scalar_one()
        position = select(history.c.position).where(event(4)).scalar_subquery()
        session.execute(delete(outbox_table).where(outbox_table.c.position == position))
        session.execute(delete(history).where(event(4)))
        session.execute(update(stream_heads).where(head("unit-a")).values(seq=3, hash=last))


# What only an exported head can tell.
UNSEEN: dict[str, tuple[Callable[[Database], None], str]] = {
    "cut off with its head": (
        cut_with_its_head,
        "audit referral:1: cut off after 3, 4 were exported",
    ),
    "rewrite to the end": (
        rewrite,
        "audit referral:1: number 4 is not the one that was exported",
    ),
    "remove a chain": (remove, "audit referral:1: the whole chain is gone, 4 were exported"),
    "cut a stream off with its head": (
        cut_stream_with_its_head,
        "referral.tallies unit-a: cut off after 3, 4 were exported",
    ),
}


@pytest.mark.parametrize("attack", UNSEEN)
def test_what_leaves_whole_chains_is_found_by_an_exported_head(
    store: Database, attack: str
) -> None:
    fill(store)
    exported = heads(store)
    bend, fault = UNSEEN[attack]
    bend(store)
    assert faults(store) == []
    assert faults(store, exported) == [fault]


def test_chains_that_went_on_hold_against_an_older_head(store: Database) -> None:
    fill(store)
    exported = heads(store)
    write(store, ONE, 2)
    write(store, "referral:0")
    publish(store, "unit-b", 3)
    assert faults(store, exported) == []


def test_a_store_that_was_rolled_back_and_went_on_is_found(tmp_path: Any) -> None:
    older, newer = (database_at(f"sqlite:///{tmp_path / name}") for name in ("old", "new"))
    for store in (older, newer):
        write(store, ONE, 2)
    write(newer, ONE, 2)
    exported = heads(newer)
    with older.transaction() as session:
        later = NOON + timedelta(days=1)
        for _ in range(3):
            audit.record(session, ONE, later, PARTNER, "person.read")
    assert faults(older) == []
    assert faults(older, exported) == [
        "audit referral:1: number 4 is not the one that was exported"
    ]
    for store in (older, newer):
        store.close()


@pytest.fixture
def kept() -> Iterator[Database]:
    """One database for every example of a property, which each fills anew."""
    made = database_at("sqlite://")
    yield made
    made.close()


TABLES: tuple[Table, ...] = (entries, outbox_table, history, stream_heads)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    before=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    after=st.lists(st.integers(0, 3), min_size=4, max_size=4),
    cut=st.integers(0, 3),
    limit=st.integers(1, 6),
)
def test_a_head_holds_if_and_only_if_every_chain_still_begins_as_exported(
    kept: Database, before: list[int], after: list[int], cut: int, limit: int
) -> None:
    change(kept, *(delete(table) for table in TABLES))
    for number, count in enumerate(before):
        write(kept, f"referral:{number}", count)
    exported = heads(kept, limit)
    for number, count in enumerate(after):
        write(kept, f"referral:{number}", count)
    assert faults(kept, exported, limit) == []
    chosen = exported[cut % len(exported)]
    behind = (entries.c.subject == chosen.key) & (entries.c.number >= chosen.seq)
    change(kept, delete(entries).where(behind))
    assert any(chosen.key in fault for fault in faults(kept, exported, limit))
