"""Wrapping anew and retiring: in batches, at any moment, and never at the cost of a person."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from services.chassis import key_file, keys
from services.chassis.database import Database
from services.chassis.key_file import MasterKeyError
from services.chassis.keyring import Keyring
from services.chassis.keys import MasterKeys, MasterMissingError, PersonKeys
from tests.ports.at_once import in_thread
from tests.ports.postgres_copies import BOTH
from tests.ports.samples import NOON

PERSONS = [f"person-{number:02}" for number in range(12)]


@pytest.fixture(params=BOTH)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty key store on each database."""
    url = f"sqlite:///{tmp_path / 'person_keys.sqlite'}"
    if request.param == "postgres":
        url = request.getfixturevalue("addresses")[1]
    made = Database(url)
    keys.prepare(made.engine)
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The key file, with one master key."""
    path = tmp_path / "master.json"
    MasterKeys.create_file(path, "old", NOON)
    return path


def use_another(path: Path, name: str = "new") -> None:
    key_file.change(path, lambda content: content.with_master(name, NOON).using(name))


def test_every_key_is_wrapped_anew_in_batches_and_opens_all_the_while(
    store: Database, path: Path
) -> None:
    masters = MasterKeys.read(path)
    persons, ring = PersonKeys(store, masters), Keyring(store, masters)
    made = {name: persons.create(name, NOON) for name in PERSONS}
    assert ring.rewrap() == 0
    use_another(path)
    done = []
    while batch := ring.rewrap(5):
        done.append(batch)
        assert {name: persons.read(name) for name in PERSONS} == made
    assert (done, ring.counts()) == ([5, 5, 2], {"new": 12})


def test_what_another_process_left_half_done_is_finished(store: Database, path: Path) -> None:
    persons = PersonKeys(store, MasterKeys.read(path))
    made = {name: persons.create(name, NOON) for name in PERSONS}
    use_another(path)
    assert Keyring(store, MasterKeys.read(path)).rewrap(7) == 7
    use_another(path, "newest")
    later = Keyring(store, MasterKeys.read(path))
    while later.rewrap(7):
        pass
    assert later.counts() == {"newest": 12}
    assert {name: persons.read(name) for name in PERSONS} == made


def test_a_master_that_wraps_anything_is_not_retired(store: Database, path: Path) -> None:
    masters = MasterKeys.read(path)
    persons, ring = PersonKeys(store, masters), Keyring(store, masters)
    persons.create("person-1", NOON)
    use_another(path)
    with pytest.raises(MasterKeyError, match="old still wraps 1 keys: handoff keys rewrap"):
        ring.retire("old")
    with pytest.raises(MasterKeyError, match="new is the current master key"):
        ring.retire("new")
    ring.rewrap()
    ring.retire("old")
    assert (set(key_file.read(path).keys), ring.fault()) == ({"new"}, None)


def test_whoever_retires_a_master_waits_for_a_key_that_is_just_being_made(
    store: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    masters = MasterKeys.read(path)
    chosen, goes_on = Event(), Event()
    wrap = masters.wrap

    def slowly(person: str, key: bytes) -> keys.Wrapped:
        wrapped = wrap(person, key)
        chosen.set()
        assert goes_on.wait(10.0)
        return wrapped

    monkeypatch.setattr(masters, "wrap", slowly)
    making = in_thread(lambda: PersonKeys(store, masters).create("person-1", NOON))
    assert chosen.wait(10.0)
    use_another(path)
    retiring = in_thread(lambda: Keyring(store, MasterKeys.read(path)).retire("old"))
    with pytest.raises(TimeoutError):
        retiring.result(0.3)
    goes_on.set()
    made = making.result(10.0)
    with pytest.raises(MasterKeyError, match="old still wraps 1 keys"):
        retiring.result(10.0)
    assert PersonKeys(store, MasterKeys.read(path)).read("person-1") == made


def test_a_key_that_is_rewrapped_between_finding_and_opening_is_found_again(
    store: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    masters = MasterKeys.read(path)
    made = PersonKeys(store, masters).create("person-1", NOON)
    unwrap = masters.unwrap

    def too_late(master: str, person: str, wrapped: bytes) -> bytes:
        if master == "old":
            use_another(path)
            ring = Keyring(store, MasterKeys.read(path))
            ring.rewrap()
            ring.retire("old")
        return unwrap(master, person, wrapped)

    monkeypatch.setattr(masters, "unwrap", too_late)
    assert PersonKeys(store, masters).read("person-1") == made


def test_a_process_that_lacks_a_master_key_says_so_and_does_not_call_it_erased(
    store: Database, path: Path, tmp_path: Path
) -> None:
    PersonKeys(store, MasterKeys.read(path)).create("person-1", NOON)
    MasterKeys.create_file(tmp_path / "other.json", "another", NOON)
    stranger = MasterKeys.read(tmp_path / "other.json")
    with pytest.raises(MasterMissingError, match="lack old"):
        PersonKeys(store, stranger).read("person-1")
    assert "lack old" in str(Keyring(store, stranger).fault())
    with pytest.raises(MasterMissingError):
        Keyring(store, stranger).rewrap()
