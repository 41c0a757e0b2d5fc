"""`handoff up`: what it prints works as printed, and it stops cleanly."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.chassis.clock import SettableClock
from services.cli import city, people
from services.cli.client import Client, connect
from services.cli.up import running
from tests.integration.cli.conftest import Handoff, Town, line_of, settings_at

COMMAND = (sys.executable, "-c", "from services.cli.main import main; main(prog_name='handoff')")
ENOUGH_S = 120


@contextmanager
def up(
    home: Path, *more: str, until: str = "Ctrl-C stops"
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A suite in a process of its own, and what it printed until it was ready."""
    log = home.parent / "up.log"
    with log.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, "up", "--home", str(home), "--port", "0", *more],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            assert process.stdout is not None
            printed = []
            for line in process.stdout:
                printed.append(line)
                if line.startswith(until):
                    break
            yield process, "".join(printed)
        finally:
            process.kill()
            process.communicate()


def stop(process: subprocess.Popen[str], by: signal.Signals) -> tuple[int, str]:
    """Stop a suite; its exit code and the rest of what it printed."""
    process.send_signal(by)
    rest, _ = process.communicate(timeout=ENOUGH_S)
    return process.returncode, rest


def test_what_is_printed_works_as_printed_and_the_suite_stops_cleanly(tmp_path: Path) -> None:
    with up(tmp_path / "home") as (process, printed):
        assert "the bundled city was loaded" in printed
        mail = f"handoff mail --home {tmp_path / 'home'}\n"
        assert mail in printed
        assert "alembic" not in (tmp_path / "up.log").read_text()
        shell = printed.partition("makes more):\n\n")[2].partition("Ctrl-C stops")[0]
        done = subprocess.run(
            ["bash", "-eu"],  # noqa: S607 - wherever the machine keeps it
            input=shell,
            capture_output=True,
            text=True,
            timeout=ENOUGH_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said = "".join(done.stdout.split())
        assert '"crisis_line":"988"' in said
        assert '"status":"received"' in said
        assert '"program_id":"bluff-street-counselling"' in said
        assert '"name":"RobinMarlowe"' in said
        assert '"outcome":"service_completed"' in said
        assert '"status":"closed"' in said
        assert '"count":1' in said.partition('"stages"')[2]
        assert '"answer":"routed"' in said
        code, rest = stop(process, signal.SIGTERM)
        assert code == 0, (tmp_path / "up.log").read_text()[-500:]
        assert rest == "stopping: finishing what is under way\nstopped\n"


def test_a_second_start_keeps_what_is_there_and_ctrl_c_stops_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with up(home) as (first, _):
        assert stop(first, signal.SIGINT)[0] == 0
    with up(home) as (second, printed):
        assert "the directory is the one of last time" in printed
        assert stop(second, signal.SIGINT)[0] == 0


def test_a_ctrl_c_while_it_still_prints_stops_it_as_cleanly(tmp_path: Path) -> None:
    with up(tmp_path / "home", until="") as (process, _):
        code, rest = stop(process, signal.SIGINT)
        assert code == 0, (tmp_path / "up.log").read_text()[-500:]
        assert rest.endswith("stopping: finishing what is under way\nstopped\n")


@dataclass(frozen=True, slots=True)
class CutShort(Client):
    """A client whose process is killed before its ``last`` write."""

    last: str = ""

    def put(self, path: str, body: object, version: int | None = None) -> Any:
        """Write, unless it is too late."""
        if path == self.last:
            raise KeyboardInterrupt
        return Client.put(self, path, body, version)


def test_a_city_whose_loading_was_cut_short_is_loaded_again(tmp_path: Path) -> None:
    with running(settings_at(tmp_path / "home")) as suite:
        token, now = people.sign_in(suite.settings)(people.ADMIN), suite.platform.clock.now()
        with connect(suite.address, token) as admin:
            dying = CutShort(admin.http, admin.token, last="/v1/contacts/coordinator")
            with pytest.raises(KeyboardInterrupt):
                city.open_city(dying, now)
            assert city.open_city(admin, now)
            assert admin.get("/v1/contacts/coordinator")["contacts"]
            assert not city.open_city(admin, now)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(  # noqa: S603 - our own command
            [*COMMAND, "up", "--home", str(tmp_path / "home"), "--port", port],
            capture_output=True,
            text=True,
            timeout=ENOUGH_S,
            check=False,
            env=os.environ | {"HANDOFF_LOG_LEVEL": "critical"},
        )
    assert done.returncode == 1
    assert done.stderr == (
        f"handoff: port {port} of 127.0.0.1 is taken: choose another (--port, HANDOFF_PORT)\n"
    )


def test_a_folder_in_use_is_named(town: Town) -> None:
    result = town.handoff("up", "--port", "0", "--demo-clock")
    assert result.exit_code == 1
    assert line_of(result) == (
        f"handoff: another suite is running on {town.handoff.home / 'data'}: stop it first"
    )


def test_a_folder_of_a_settable_clock_is_not_run_on_the_machines(new_home: Handoff) -> None:
    clock = SettableClock(settings_at(new_home.home).clock_file)
    clock.set(clock.now())
    result = new_home("up", "--port", "0")
    assert result.exit_code == 1
    assert "add --demo-clock" in line_of(result)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HANDOFF_PORT", "eighty"),
        ("HANDOFF_THREADS", "0"),
        ("HANDOFF_MODE", "testing"),
        ("HANDOFF_LOG_LEVEL", "loud"),
        ("HANDOFF_PUBLIC_URL", "ftp://example.org"),
        ("HANDOFF_CAPACITY_ALLOWANCE_S", "soon"),
        ("HANDOFF_PROT", "8000"),
    ],
)
def test_a_wrong_setting_is_named(
    new_home: Handoff, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    result = new_home("up")
    assert result.exit_code == 1
    assert name.removeprefix("HANDOFF_") in line_of(result)
    assert not new_home.home.exists()


def test_wrong_usage_is_one_line_and_code_2(new_home: Handoff) -> None:
    for args in (("up", "--port", "70000"), ("up", "--nonsense"), ("nonsense",), ("--nonsense",)):
        result = new_home.bare(*args)
        assert result.exit_code == 2
        assert "handoff: " in line_of(result)


def test_every_command_has_help_with_examples(new_home: Handoff) -> None:
    listed = new_home.bare("--help").stdout
    for name in (
        "demo",
        "directory import",
        "doctor",
        "mail",
        "migrate",
        "outcomes",
        "parked list",
    ):
        assert name.split()[0] in listed
        shown = new_home.bare(*name.split(), "--help")
        assert shown.exit_code == 0
        assert f"  handoff {name}" in shown.stdout
    for name in ("parked redrive", "referrals import", "republish", "token create", "up"):
        assert f"  handoff {name}" in new_home.bare(*name.split(), "--help").stdout
