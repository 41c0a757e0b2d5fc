"""The key store: a key per person, durable before use, and gone for ever when destroyed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import select, update

from services.chassis.database import Database
from services.chassis.keys import (
    KEY_BYTES,
    KeyDestroyedError,
    MasterKeys,
    PersonKeys,
    metadata,
    person_keys,
    seal,
    unseal,
)
from tests.ports.samples import NOON

MASTERS = MasterKeys("master-1", {"master-1": bytes(range(KEY_BYTES))})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    """The database of the key store."""
    made = Database(f"sqlite:///{tmp_path / 'person_keys.sqlite'}")
    metadata.create_all(made.engine)
    yield made
    made.close()


@pytest.fixture
def keys(store: Database) -> PersonKeys:
    """The key store under test."""
    return PersonKeys(store, MASTERS)


def test_no_key_lies_in_the_store_unwrapped(keys: PersonKeys, tmp_path: Path) -> None:
    key = keys.create("person-1", NOON)
    assert key not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_what_was_sealed_with_a_destroyed_key_is_unreadable(keys: PersonKeys) -> None:
    sealed = seal(keys.create("person-1", NOON), b"Jane", "person.name.1")
    other = seal(keys.create("person-2", NOON), b"June", "person.name.2")
    assert keys.destroy("person-1")
    with pytest.raises(KeyDestroyedError):
        keys.read("person-1")
    assert unseal(keys.read("person-2"), other, "person.name.2") == b"June"
    with pytest.raises(ValueError, match="was not sealed there"):
        unseal(keys.read("person-2"), sealed, "person.name.1")


def test_several_keys_are_read_at_once_and_who_has_none_is_left_out(keys: PersonKeys) -> None:
    made = {who: keys.create(who, NOON) for who in ("person-1", "person-2", "person-3")}
    keys.destroy("person-2")
    read = keys.read_many([*made, "stranger"])
    assert read == {who: made[who] for who in ("person-1", "person-3")}
    assert keys.read_many([]) == {}


def test_a_key_that_cannot_be_unwrapped_is_left_out_logged_and_keeps_nobody_elses(
    keys: PersonKeys, store: Database
) -> None:
    made = {who: keys.create(who, NOON) for who in ("person-1", "person-2", "person-3")}
    with store.transaction() as session:
        for who, harm in (("person-1", {"master": "lost"}), ("person-2", {"wrapped": b"harmed"})):
            session.execute(update(person_keys).where(person_keys.c.person == who).values(harm))
    with structlog.testing.capture_logs() as logged:
        assert keys.read_many(made) == {"person-3": made["person-3"]}
    (line,) = logged
    assert (line["event"], line["masters"], line["first"], line["persons"]) == (
        "person_keys_not_read",
        ["lost", "master-1"],
        "person-1",
        2,
    )


def test_a_destroyed_key_leaves_no_byte_in_any_file(
    keys: PersonKeys, store: Database, tmp_path: Path
) -> None:
    keys.create("person-1", NOON)
    with store.transaction() as session:
        wrapped = session.scalar(select(person_keys.c.wrapped))
    assert wrapped is not None
    assert wrapped in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    keys.destroy("person-1")
    assert wrapped not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_a_key_moved_to_another_person_does_not_open(keys: PersonKeys, store: Database) -> None:
    keys.create("person-1", NOON)
    with store.transaction() as session:
        session.execute(person_keys.update().values(person="person-2"))
    with pytest.raises(ValueError, match="person-2"):
        keys.read("person-2")
