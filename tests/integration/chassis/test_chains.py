"""Every chain of a store, walked in batches: whatever was bent in it is found and named."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select, update

from services.chassis import chains, outbox, redaction
from services.chassis.chains import Chains
from services.chassis.database import Database
from services.chassis.tables import audit as entries
from services.chassis.tables import history, stream_heads
from tests.integration.chassis.chained_store import (
    ONE,
    TWO,
    change,
    entry,
    event,
    faults,
    fill,
    head,
    heads,
    walked,
    write,
)
from tests.ports.samples import NOON, TALLIES, tally


def swap(store: Database) -> None:
    """Exchange entries 2 and 3."""
    for old, new in ((2, 99), (3, 2), (99, 3)):
        change(store, update(entries).where(entry(old)).values(number=new))


# What leaves traces in the chains themselves.
SEEN: dict[str, tuple[Callable[[Database], None], str]] = {
    "edit an entry": (
        lambda s: change(s, update(entries).where(entry(2)).values(actor="sam")),
        "audit referral:1: entry 2 was changed",
    ),
    "delete the first entry": (
        lambda s: change(s, delete(entries).where(entry(1))),
        "audit referral:1: entry 1 is missing or out of place",
    ),
    "delete the last entry": (
        lambda s: change(s, delete(entries).where(entry(4))),
        "audit referral:1: the head says 4, the chain ends at 3",
    ),
    "swap two entries": (swap, "audit referral:1: entry 2 was changed"),
    "delete every entry": (
        lambda s: change(s, delete(entries).where(entries.c.subject == ONE)),
        "audit referral:1: the head says 4, every link is gone",
    ),
    "delete the head": (
        lambda s: change(s, delete(stream_heads).where(head(ONE))),
        "audit referral:1: there is no head, the chain ends at 4",
    ),
    "set the head back": (
        lambda s: change(s, update(stream_heads).where(head(ONE)).values(seq=3)),
        "audit referral:1: the head says 3, the chain ends at 4",
    ),
    "edit a payload": (
        lambda s: change(s, update(history).where(event(2)).values(payload={"unit_id": "x"})),
        "referral.tallies unit-a: the payload of number 2 was changed",
    ),
    "edit an event": (
        lambda s: change(s, update(history).where(event(2)).values(type="handoff.x.v1")),
        "referral.tallies unit-a: number 2 was changed",
    ),
    "set the head of a stream back": (
        lambda s: change(s, update(stream_heads).where(head("unit-a")).values(seq=2)),
        "referral.tallies unit-a: the head says 2, the chain ends at 4",
    ),
}


@pytest.mark.parametrize("limit", [1, 4, 5, 1_000])
def test_whole_chains_are_walked_to_their_end_in_batches_of_any_size(
    store: Database, limit: int
) -> None:
    fill(store)
    assert walked(store, limit) == (16, [])
    assert len(heads(store, limit)) == 4


@pytest.mark.parametrize("attack", SEEN)
def test_what_was_bent_is_found_and_named(store: Database, attack: str) -> None:
    fill(store)
    bend, fault = SEEN[attack]
    bend(store)
    found = faults(store, limit=3)
    assert fault in found
    assert all("referral:2" not in line and "unit-b" not in line for line in found)


def test_a_chain_that_grows_while_it_is_walked_is_no_fault(store: Database) -> None:
    fill(store)
    place, found = None, []
    for _ in range(40):
        with store.transaction() as session:
            stretch = chains.walk(session, Chains.AUDIT, place, 3)
        found += stretch.faults
        place = stretch.next
        if place is None:
            break
        if place.number < 9:  # or it would never come to an end
            write(store, ONE)
            write(store, TWO)
    assert (place, found) == (None, [])


def erase(store: Database, *, sealed: bool) -> None:
    """Leave the unit alone of every payload of a stream, and seal what remains in a next event."""
    with store.transaction() as session:
        seal = redaction.redact(session, TALLIES, "unit-a", lambda *_: {"unit_id": "unit-a"})
        if sealed:
            said = {"remains": seal}
            outbox.publish(session, TALLIES, "unit-a", [tally("unit-a")], NOON)
            last = session.execute(select(history).where(event(5))).mappings().one()
            row = {str(name): value for name, value in last.items()}
            row |= {"payload": said, "digest": outbox.digest(said, row["salt"])}
            before = session.execute(select(history.c.hash).where(event(4))).scalar_one()
            row["hash"] = outbox.chain_hash(before, row)
            session.execute(update(history).where(event(5)).values(row))
            head_of = update(stream_heads).where(head("unit-a"))
            session.execute(head_of.values(hash=row["hash"]))


@pytest.mark.parametrize("limit", [2, 1_000])
def test_a_stream_that_was_erased_holds_and_what_is_left_of_it_is_sealed(
    store: Database, limit: int
) -> None:
    fill(store)
    exported = heads(store)
    erase(store, sealed=True)
    assert faults(store, exported, limit) == []
    change(store, update(history).where(event(2)).values(payload={"unit_id": "unit-x"}))
    assert set(faults(store, exported, limit)) == {
        "referral.tallies unit-a: what remains before number 5 was changed"
    }


def test_an_erasure_that_nobody_sealed_is_found(store: Database) -> None:
    fill(store)
    erase(store, sealed=False)
    assert "referral.tallies unit-a: the payload of number 2 was changed" in faults(store)
