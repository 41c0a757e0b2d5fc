"""A folder that was harmed is not run: one line says what is wrong, and nothing is made anew."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.cli import harm
from tests.integration.cli.conftest import Handoff, Town, line_of
from tests.integration.cli.harm import obeying_file_modes

RESTORE = "restore it from its backup"
RESTORE_KEYS = "restore the keys from their backup"
DATABASES = (
    "data/events",
    "data/matcher",
    "data/notifier",
    "data/referral_api",
    "keys/person_keys",
)


def files_of(home: Path) -> dict[Path, int]:
    """Every database file of the folder, with its size."""
    return {path: path.stat().st_size for path in home.rglob("*.sqlite")}


def empty_store(home: Path) -> None:
    (home / "keys" / "person_keys.sqlite").write_bytes(b"")


def empty_events(home: Path) -> None:
    (home / "data" / "events.sqlite").write_bytes(b"")


def lose_all_data(home: Path) -> None:
    for path in (home / "data").glob("*.sqlite"):
        path.unlink()


@pytest.mark.parametrize("command", ["up", "migrate"])
@pytest.mark.parametrize(
    ("befall", "said", "mend"),
    [
        (harm.lose_key, "lacks master.json", RESTORE_KEYS),
        (harm.lose_store, "lacks person_keys.sqlite", RESTORE_KEYS),
        (empty_store, "lacks person_keys.sqlite", RESTORE_KEYS),
        (harm.lose_database, "lacks matcher.sqlite", RESTORE),
        (harm.lose_events, "lacks events.sqlite", RESTORE),
        (empty_events, "lacks events.sqlite", RESTORE),
        (lose_all_data, "referral_api.sqlite, matcher.sqlite, notifier.sqlite, events", RESTORE),
        (harm.spoil_database, "notifier.sqlite: file is not a database", RESTORE),
        (harm.spoil_store, "person_keys.sqlite: file is not a database", RESTORE),
        (harm.foreign_schema, "another version of Handoff", "install that version or restore"),
        (harm.lose_version, "tells no schema version", "restore a backup"),
        (harm.locked_data, "data", "Permission denied"),
        (harm.locked_database, "matcher.sqlite may not be", "chmod u+rw"),
    ],
)
def test_a_harmed_folder_is_refused_in_one_line(
    stopped: Handoff, befall: Callable[[Path], None], said: str, mend: str, command: str
) -> None:
    befall(stopped.home)
    before = files_of(stopped.home)
    with obeying_file_modes():
        result = stopped(*(("up", "--port", "0") if command == "up" else ("migrate",)))
    assert result.exit_code == 1
    assert said in line_of(result)
    assert mend in line_of(result)
    assert files_of(stopped.home) == before


@pytest.mark.parametrize("befall", [harm.clock_without_time, harm.clock_without_zone])
def test_a_clock_file_that_shows_no_time_is_named(
    stopped: Handoff, befall: Callable[[Path], None]
) -> None:
    befall(stopped.home)
    result = stopped("up", "--port", "0", "--demo-clock")
    assert result.exit_code == 1
    assert "clock.txt shows no time" in line_of(result)


def test_a_key_file_that_may_not_be_read_is_to_be_opened_not_restored(stopped: Handoff) -> None:
    harm.locked_key(stopped.home)
    with obeying_file_modes():
        result = stopped("up", "--port", "0")
    assert result.exit_code == 1
    assert line_of(result).endswith(f"chmod 600 {stopped.home / 'keys' / 'master.json'}")


def test_a_host_that_is_no_address_is_named(
    new_home: Handoff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_HOST", "999.1.1.1")
    assert 'HANDOFF_HOST "999.1.1.1": must be an address' in line_of(new_home("up"))
    looked = new_home("doctor")
    assert line_of(looked) == "handoff: 1 wrong: settings"
    assert 'HANDOFF_HOST "999.1.1.1"' in looked.stdout


def test_a_host_that_this_machine_does_not_know_is_named(
    new_home: Handoff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_HOST", "nowhere.invalid")
    result = new_home("up", "--port", "0")
    assert result.exit_code == 1
    assert 'HANDOFF_HOST "nowhere.invalid": must be an address' in line_of(result)


def test_a_start_that_was_cut_short_is_begun_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in DATABASES[:3]:
        path = home / f"{name}.sqlite"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert Handoff(home)("migrate").exit_code == 0


def test_databases_are_for_their_owner_alone(town: Town) -> None:
    for name in DATABASES:
        path = town.handoff.home / f"{name}.sqlite"
        assert path.stat().st_mode & 0o777 == 0o600, name
