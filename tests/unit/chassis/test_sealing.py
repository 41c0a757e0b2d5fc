"""Sealing: what was sealed for one place opens there, with its key, and nowhere else."""

import json
import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.keys import KEY_BYTES, MasterKeys, MasterMissingError, seal, unseal

KEY = bytes(range(32))
PLACE = "person.name.1"


@given(plain=st.binary(max_size=200), place=st.text(min_size=1, max_size=40))
def test_what_was_sealed_opens_in_its_place(plain: bytes, place: str) -> None:
    assert unseal(KEY, seal(KEY, plain, place), place) == plain


def test_what_was_sealed_does_not_show_and_never_looks_the_same() -> None:
    one, two = (seal(KEY, b"Jane Canary", PLACE) for _ in range(2))
    assert one != two
    assert b"Canary" not in one


@pytest.mark.parametrize("place", ["person.name.2", "person.phone.1", "PERSON.NAME.1", ""])
def test_swapped_to_another_place_it_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match="was not sealed there"):
        unseal(KEY, seal(KEY, b"x", PLACE), place)


def test_with_another_key_it_is_refused() -> None:
    with pytest.raises(ValueError, match="was not sealed there"):
        unseal(secrets.token_bytes(KEY_BYTES), seal(KEY, b"x", PLACE), PLACE)


@given(position=st.integers(0, 39), bit=st.integers(0, 7))
def test_changed_by_one_bit_it_is_refused(position: int, bit: int) -> None:
    sealed = bytearray(seal(KEY, b"twelve bytes", PLACE))
    sealed[position] ^= 1 << bit
    with pytest.raises(ValueError, match="was not sealed there"):
        unseal(KEY, bytes(sealed), PLACE)


@pytest.mark.parametrize("length", [0, 1, 7, 11, 12, 13, 27])
def test_cut_short_it_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="was not sealed there"):
        unseal(KEY, seal(KEY, b"x", PLACE)[:length], PLACE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the master keys are kept."""
    return tmp_path / "keys" / "master.json"


def test_a_master_key_file_is_the_owners_alone_and_is_never_overwritten(path: Path) -> None:
    MasterKeys.create_file(path, "master-1")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        MasterKeys.create_file(path, "master-2")
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["master.json"]


def test_a_wrapped_key_opens_for_its_person_only(path: Path) -> None:
    MasterKeys.create_file(path, "master-1")
    masters = MasterKeys.read(path)
    master, sealed = masters.wrap("person-1", KEY)
    assert master == "master-1"
    assert masters.unwrap(master, "person-1", sealed) == KEY
    with pytest.raises(ValueError, match="person-2"):
        masters.unwrap(master, "person-2", sealed)


def test_the_current_master_wraps_and_the_older_ones_still_unwrap() -> None:
    old, new = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES)
    wrapped = MasterKeys("old", {"old": old}).wrap("person-1", KEY)
    both = MasterKeys("new", {"old": old, "new": new})
    assert both.unwrap("old", "person-1", wrapped.sealed) == KEY
    assert MasterKeys("new", {"new": new}).unwrap("new", "p", both.wrap("p", KEY).sealed) == KEY


def test_a_key_whose_master_is_not_here_is_not_said_to_be_erased() -> None:
    masters = MasterKeys("new", {"new": KEY})
    with pytest.raises(MasterMissingError, match="the keys here lack old") as caught:
        masters.unwrap("old", "person-1", masters.wrap("person-1", KEY).sealed)
    assert caught.value.problem.value.status == 503


def test_each_purpose_has_a_key_of_its_own() -> None:
    masters = MasterKeys("master-1", {"master-1": KEY})
    purposes = {masters.derive(name) for name in ("idempotency", "notices")}
    assert len(purposes | {KEY}) == 3
    assert masters.derive("idempotency") in purposes


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "5",
        '{"current": "a"}',
        '{"current": "a", "keys": []}',
        '{"current": "a", "keys": {}}',
        '{"current": "a", "keys": {"a": 5}}',
        '{"current": "a", "keys": {"a": "not base64!"}}',
        '{"current": "a", "keys": {"a": "c2hvcnQ="}}',
        '{"current": [], "keys": {}}',
        json.dumps({"current": "b", "keys": {"a": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}}),
    ],
)
def test_a_file_without_a_usable_master_key_is_refused_by_name(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(ValueError, match=r"master\.json"):
        MasterKeys.read(path)
