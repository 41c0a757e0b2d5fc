"""`handoff doctor`: well where all is well; each thing that is wrong is named, with its mending."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from services.chassis import migrations
from services.chassis.serving import HttpServer
from services.cli import answering, checkup, settings
from tests.integration.cli import harm
from tests.integration.cli.conftest import Handoff, Town, line_of, settings_at
from tests.integration.cli.harm import changing, obeying_file_modes
from tests.integration.cli.test_looking_after import submit_one


def not_found(_: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    """A web server of somebody else's."""
    start("404 Not Found", [("Content-Type", "text/plain")])
    return [b"nothing here"]


@pytest.fixture
def stranger() -> Iterator[int]:
    """The port of a web server that is no suite."""
    server = HttpServer(not_found, "127.0.0.1", 0, 1)
    server.start()
    yield server.port
    assert server.drain(5)


def test_a_running_suite_is_well(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_PORT", town.suite.address.rpartition(":")[2])
    result = town.handoff("doctor")
    assert result.exit_code == 0, result.stdout
    assert "all is well" in result.stdout
    assert "ready on" in result.stdout
    assert "WRONG" not in result.stdout


def shown(result: Result) -> str:
    """What the doctor's table says, its lines joined."""
    return " ".join(result.stdout.replace("│", " ").split())


def test_a_folder_with_a_settable_clock_is_a_demo(town: Town) -> None:
    said = shown(town.handoff("doctor"))
    assert "mode demo" in said
    assert "production" not in said


def test_a_process_that_may_be_killed_for_a_test_is_told_of(tmp_path: Path) -> None:
    armed = checkup.mode(replace(settings_at(tmp_path / "home"), failpoints=tmp_path))
    assert (armed.right, armed.warns) == (True, True)
    assert f"failpoints are armed: processes kill themselves by {tmp_path}" in armed.state
    assert armed.mend == "unset HANDOFF_FAILPOINTS"
    assert not checkup.mode(settings_at(tmp_path / "home")).warns


def test_a_suite_of_another_folder_is_not_taken_for_ones_own(
    town: Town, stopped: Handoff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_PORT", town.suite.address.rpartition(":")[2])
    result = stopped("doctor")
    assert result.exit_code == 1
    assert line_of(result) == "handoff: 1 wrong: suite"
    state = answering.running(settings.read(stopped.home)).state
    assert "it is another one, it does not take this folder's token" in state
    assert state.endswith("this folder's is not running")


def test_a_suite_on_another_folder_with_the_same_keys_is_told_apart(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(town.handoff.home, copy)
    monkeypatch.setenv("HANDOFF_PORT", town.suite.address.rpartition(":")[2])
    found = answering.running(settings.read(copy))
    assert not found.right
    assert "it is another one, on a folder with the same keys" in found.state
    earlier = town.suite.platform.clock.now() - timedelta(hours=1)
    (copy / "clock.txt").write_text(earlier.isoformat())
    assert "it is another one, its clock shows" in answering.running(settings.read(copy)).state


def test_what_is_not_handoff_is_told(
    stopped: Handoff, monkeypatch: pytest.MonkeyPatch, stranger: int
) -> None:
    monkeypatch.setenv("HANDOFF_PORT", str(stranger))
    result = stopped("doctor")
    assert result.exit_code == 1
    assert "something that is not Handoff answers" in shown(result)


def test_a_stopped_suite_is_well_too(stopped: Handoff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_PORT", "1")
    result = stopped("doctor")
    assert result.exit_code == 0, result.stdout
    assert "not running" in result.stdout


@pytest.mark.parametrize(
    ("befall", "check", "mend"),
    [
        (harm.open_key, "key master.json", "chmod 600"),
        (harm.break_key, "key token-signing.json", "restore the keys"),
        (harm.lose_key, "key master.json", "restore the keys"),
        (harm.lose_database, "database matcher", "restore it from its backup"),
        (harm.spoil_database, "database notifier", "restore it from its backup"),
        (harm.damage_page, "database notifier", "restore it from its backup"),
        (harm.foreign_schema, "database matcher", "install that version"),
        (harm.lose_version, "database matcher", "restore it from its backup"),
        (harm.lose_events, "event log", "restore it from its backup"),
        (harm.lose_store, "person keys", "restore the keys"),
        (harm.spoil_store, "person keys", "restore the keys"),
        (harm.mail_into_a_file, "mail", "move it away"),
        (harm.data_into_a_file, "folder", "move it away"),
        (harm.clock_without_time, "clock", "restore the clock file"),
        (harm.clock_without_zone, "clock", "restore the clock file"),
        (harm.clock_of_another_century, "clock", "restore the clock file"),
        (harm.locked_data, "folder", "chmod u+rwx"),
        (harm.locked_home, "folder", "chmod u+rwx"),
        (harm.locked_database, "database matcher", "chmod u+rw"),
        (harm.locked_events, "event log", "chmod u+rw"),
        (harm.locked_key, "key master.json", "chmod 600"),
        (harm.turn_clock_back, "clock", "set the machine's clock"),
    ],
)
def test_what_is_wrong_is_named_and_how_to_mend_it(
    stopped: Handoff,
    monkeypatch: pytest.MonkeyPatch,
    befall: Callable[[Path], None],
    check: str,
    mend: str,
) -> None:
    monkeypatch.setenv("HANDOFF_PORT", "1")
    befall(stopped.home)
    with obeying_file_modes():
        result = stopped("doctor")
    assert result.exit_code == 1
    assert line_of(result) == f"handoff: 1 wrong: {check}"
    assert mend in shown(result)
    assert "make a new one" not in shown(result)


def test_an_older_schema_is_one_to_migrate(
    stopped: Handoff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    newer = tmp_path / "migrations"
    shutil.copytree(migrations.ROOT, newer)
    (newer / "matcher" / "9999_nothing.py").write_text(
        f'revision = "matcher_9999"\ndown_revision = "{migrations.head("matcher")}"\n\n\n'
        "def upgrade() -> None:\n    pass\n"
    )
    monkeypatch.setattr(migrations, "ROOT", newer)
    monkeypatch.setenv("HANDOFF_PORT", "1")
    result = stopped("doctor")
    assert line_of(result) == "handoff: 1 wrong: database matcher"
    assert "stop the suite, handoff migrate" in shown(result)
    assert stopped("migrate").exit_code == 0
    assert stopped("doctor").exit_code == 0


def test_a_key_store_older_than_the_newest_referral_is_told(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit_one(town)
    home = tmp_path / "home"
    shutil.copytree(town.handoff.home, home)
    monkeypatch.setenv("HANDOFF_PORT", "1")
    copied = Handoff(home)
    assert copied("doctor").exit_code == 0, copied("doctor").stdout
    with changing(home / "keys" / "person_keys.sqlite") as store:
        store.execute("DELETE FROM person_keys")
    result = copied("doctor")
    assert line_of(result) == "handoff: 1 wrong: person keys"
    assert "restore the keys from their backup" in shown(result)


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
    assert again.stdout == f"matcher: already at {migrations.head('matcher')}\n"


def test_lost_keys_of_a_folder_with_data_are_not_made_anew(tmp_path: Path) -> None:
    settings = settings_at(tmp_path / "home")
    assert Handoff(settings.home)("migrate").exit_code == 0
    shutil.rmtree(settings.keys)
    result = Handoff(settings.home)("migrate")
    assert result.exit_code == 1
    assert "restore the keys from their backup" in line_of(result)
    assert not settings.keys.exists()


def test_the_clock_of_a_demo_folder_is_its_own(town: Town) -> None:
    shown = datetime.fromisoformat(town.http.get("/ops/clock")["now"])
    assert shown <= datetime.now(UTC)
    assert f"settable, {shown.isoformat(timespec='seconds')}" in town.handoff("doctor").stdout
