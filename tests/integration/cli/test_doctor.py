"""`handoff doctor`: well where all is well; each thing that is wrong is named, with its mending."""

import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.cli.home import prepare
from tests.integration.cli.conftest import Handoff, Town, line_of, settings_at


@pytest.fixture
def stopped(tmp_path: Path) -> Handoff:
    """A folder whose suite was upgraded and is not running; its event log is empty."""
    handoff = Handoff(tmp_path / "home")
    assert handoff("migrate").exit_code == 0
    with sqlite3.connect(tmp_path / "home" / "data" / "events.sqlite") as events:
        events.execute("CREATE TABLE records (topic TEXT)")
    events.close()
    return handoff


def test_a_running_suite_is_well(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_PORT", town.suite.address.rpartition(":")[2])
    result = town.handoff("doctor")
    assert result.exit_code == 0, result.stdout
    assert "all is well" in result.stdout
    assert "ready on" in result.stdout
    assert "WRONG" not in result.stdout


def test_a_stopped_suite_is_well_too(stopped: Handoff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_PORT", "1")
    result = stopped("doctor")
    assert result.exit_code == 0, result.stdout
    assert "not running" in result.stdout


def open_key(home: Path) -> None:
    (home / "keys" / "master.json").chmod(0o644)


def break_key(home: Path) -> None:
    (home / "keys" / "token-signing.json").write_text("{}")


def lose_key(home: Path) -> None:
    (home / "keys" / "master.json").unlink()


def lose_database(home: Path) -> None:
    (home / "data" / "matcher.sqlite").unlink()


def spoil_database(home: Path) -> None:
    (home / "data" / "notifier.sqlite").write_bytes(b"this is no database, " * 100)


def age_schema(home: Path) -> None:
    with sqlite3.connect(home / "data" / "matcher.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = 'matcher_0000'")
    database.close()


def lose_events(home: Path) -> None:
    (home / "data" / "events.sqlite").unlink()


def turn_clock_back(home: Path) -> None:
    row = ("t", "k", 1, "e", "x", "2999-01-01T00:00:00.000000+00:00", "d", "h")
    with sqlite3.connect(home / "data" / "referral_api.sqlite") as database:
        database.execute(
            "INSERT INTO history (topic, key, seq, event_id, type, at, digest, hash) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
    database.close()


@pytest.mark.parametrize(
    ("harm", "check", "mend"),
    [
        (open_key, "key master.json", "chmod 600"),
        (break_key, "key token-signing.json", "restore the keys"),
        (lose_key, "key master.json", "restore the keys"),
        (lose_database, "database matcher", "restore it from a backup"),
        (spoil_database, "database notifier", "restore it from a backup"),
        (age_schema, "database matcher", "handoff migrate"),
        (lose_events, "event log", "restore it from a backup"),
        (turn_clock_back, "clock", "set the machine's clock"),
    ],
)
def test_what_is_wrong_is_named_and_how_to_mend_it(
    stopped: Handoff,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[Path], None],
    check: str,
    mend: str,
) -> None:
    monkeypatch.setenv("HANDOFF_PORT", "1")
    harm(stopped.home)
    result = stopped("doctor")
    assert result.exit_code == 1
    assert line_of(result) == f"handoff: 1 wrong: {check}"
    assert mend in " ".join(result.stdout.replace("│", " ").split())


def test_a_wrong_setting_is_named(new_home: Handoff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_PORT", "eighty")
    result = new_home("doctor")
    assert result.exit_code == 1
    assert line_of(result) == "handoff: 1 wrong: settings"
    assert "PORT" in result.stdout


def test_a_folder_that_is_not_there_is_told_and_not_made(new_home: Handoff) -> None:
    result = new_home("doctor")
    assert result.exit_code == 1
    assert line_of(result) == "handoff: 1 wrong: folder"
    assert not new_home.home.exists()


def test_the_doctor_changes_nothing(stopped: Handoff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_PORT", "1")
    before = {path: path.stat().st_mtime_ns for path in stopped.home.rglob("*")}
    stopped("doctor")
    assert {path: path.stat().st_mtime_ns for path in stopped.home.rglob("*")} == before


def test_migrate_refuses_a_folder_in_use(town: Town) -> None:
    result = town.handoff("migrate")
    assert result.exit_code == 1
    assert "another suite is running" in line_of(result)


def test_migrate_brings_every_database_to_the_present_schema(new_home: Handoff) -> None:
    first = new_home("migrate")
    assert first.exit_code == 0
    assert first.stdout.count("from empty to") == 3
    again = new_home("migrate", "--service", "matcher")
    assert again.stdout == "matcher: already at matcher_0001\n"


def test_lost_keys_of_a_folder_with_data_are_not_made_anew(tmp_path: Path) -> None:
    settings = settings_at(tmp_path / "home")
    prepare(settings)
    (settings.data / "matcher.sqlite").touch()
    shutil.rmtree(settings.keys)
    result = Handoff(settings.home)("migrate")
    assert result.exit_code == 1
    assert "restore the keys from their backup" in line_of(result)
    assert not settings.keys.exists()


def test_the_clock_of_a_demo_folder_is_its_own(town: Town) -> None:
    shown = datetime.fromisoformat(town.http.get("/ops/clock")["now"])
    assert shown <= datetime.now(UTC)
    assert f"settable, {shown.isoformat(timespec='seconds')}" in town.handoff("doctor").stdout
