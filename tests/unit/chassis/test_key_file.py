"""The file of the master keys: changed at once or not at all, and followed by whoever reads it."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog.testing

from services.chassis import key_file
from services.chassis.key_file import KeyFile, MasterKeyError
from services.chassis.keys import KEY_BYTES, MasterKeys, MasterMissingError

NOW = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
KEY = bytes(range(KEY_BYTES))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key file with one master key."""
    path = tmp_path / "keys" / "master.json"
    MasterKeys.create_file(path, "master-1", NOW)
    return path


def add(path: Path, name: str) -> KeyFile:
    return key_file.change(path, lambda content: content.with_master(name, NOW))


def test_a_key_that_is_added_opens_and_the_current_one_wraps_on(path: Path) -> None:
    content = add(path, "master-2")
    assert (content.current, [*content.keys]) == ("master-1", ["master-1", "master-2"])
    assert key_file.read(path) == content
    assert content.created == {"master-1": NOW, "master-2": NOW}
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in path.parent.iterdir()) == [key_file.LOCK, "master.json"]


def test_whoever_has_read_the_file_follows_every_change_of_it(path: Path) -> None:
    early = MasterKeys.read(path)
    before = early.wrap("person-1", KEY)
    add(path, "master-2")
    key_file.change(path, lambda content: content.using("master-2"))
    after = early.wrap("person-1", KEY)
    assert (before.master, after.master) == ("master-1", "master-2")
    assert early.unwrap(before.master, "person-1", before.sealed) == KEY
    key_file.change(path, lambda content: content.without("master-1"))
    with pytest.raises(MasterMissingError):
        early.unwrap(before.master, "person-1", before.sealed)
    assert early.unwrap(after.master, "person-1", after.sealed) == KEY


@pytest.mark.parametrize("harm", [b"", b"{}", b"\xff\xfe"])
def test_a_file_that_is_harmed_or_gone_stops_nobody_who_has_read_it(
    path: Path, harm: bytes
) -> None:
    masters = MasterKeys.read(path)
    wrapped = masters.wrap("person-1", KEY)
    good = path.read_text()
    path.write_bytes(harm)
    with structlog.testing.capture_logs() as logged:
        assert masters.unwrap(wrapped.master, "person-1", wrapped.sealed) == KEY
        assert masters.unwrap(wrapped.master, "person-1", wrapped.sealed) == KEY
    assert [entry["event"] for entry in logged] == ["master_keys_not_read"]
    path.unlink()
    assert masters.current == "master-1"
    path.write_text(good)
    add(path, "master-2")
    assert set(masters.content.keys) == {"master-1", "master-2"}


def test_changes_at_the_same_time_lose_none(path: Path) -> None:
    names = [f"master-{number}" for number in range(2, 22)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: add(path, name), names))
    assert set(key_file.read(path).keys) == {"master-1", *names}


def test_the_current_key_cannot_be_taken_out_nor_one_that_is_not_there(path: Path) -> None:
    content = key_file.read(path)
    with pytest.raises(MasterKeyError, match="master-1 is the current master key"):
        content.without("master-1")
    for step in (content.without, content.using):
        with pytest.raises(MasterKeyError, match="there is no master key nix: there are master-1"):
            step("nix")


def test_a_change_that_is_refused_leaves_the_file_as_it_was(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(MasterKeyError):
        key_file.change(path, lambda content: content.without("master-1"))
    assert path.read_bytes() == before


def test_what_is_derived_outlives_every_rotation(path: Path) -> None:
    derived = MasterKeys.read(path).derive("idempotency")
    add(path, "master-2")
    key_file.change(path, lambda content: content.using("master-2").without("master-1"))
    assert MasterKeys.read(path).derive("idempotency") == derived


def test_a_file_from_before_there_was_a_secret_gets_one_that_stays(path: Path) -> None:
    old = {"current": "a", "keys": {"a": base64.b64encode(KEY).decode()}}
    path.write_text(json.dumps(old))
    derived = MasterKeys.read(path).derive("idempotency")
    add(path, "b")
    content = key_file.change(path, lambda content: content.using("b").without("a"))
    assert MasterKeys.read(path).derive("idempotency") == derived
    assert KEY not in (content.secret, *content.keys.values())


def test_a_fingerprint_tells_keys_apart_and_gives_nothing_away() -> None:
    prints = {key_file.fingerprint(key) for key in (KEY, KEY[::-1])}
    assert len(prints) == 2
    assert all(len(each) == 16 and each not in KEY.hex() for each in prints)


def test_a_new_name_was_never_used_and_sorts_by_day() -> None:
    names = {key_file.new_name(NOW) for _ in range(50)}
    assert len(names) == 50
    assert all(name.startswith("master-20270301-") for name in names)
