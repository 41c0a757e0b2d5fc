"""A real PostgreSQL: it starts, keeps what was committed, and ends with whoever started it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text

from services.local_servers.claim import note_pid
from services.local_servers.errors import LocalServerError
from services.local_servers.postgres import Postgres
from services.local_servers.waiting import wait_until
from tests.integration.local_servers.conftest import Running

pytestmark = pytest.mark.postgres

STARTER = """
import sys, time
from pathlib import Path
from services.local_servers.postgres import Postgres
with Postgres(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


def asked(server: Postgres, question: str) -> list[object]:
    """The first column of the answer."""
    engine = create_engine(server.url())
    with engine.begin() as connection:
        result = connection.execute(text(question))
        answer = [row[0] for row in result] if result.returns_rows else []
    engine.dispose()
    return answer


def test_it_is_a_postgresql_that_asks_for_a_password(tmp_path: Path) -> None:
    with Postgres(tmp_path / "server") as server:
        (version,) = asked(server, "select version()")
        assert str(version).startswith("PostgreSQL 1")
        wrong = create_engine(server.url().replace("postgres:", "postgres:not-"))
        with pytest.raises(Exception, match="password authentication failed"):
            wrong.connect()
        wrong.dispose()


def test_what_was_committed_outlives_a_killed_postmaster_and_a_stop(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "server")
    with server:
        address = server.url()
        asked(server, "create table kept as select 7 as number")
        server.kill()
        server.start()
        assert asked(server, "select number from kept") == [7]
        assert server.url() == address
    with server:
        assert asked(server, "select number from kept") == [7]


def test_what_a_killed_first_start_left_hinders_no_start(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    (folder / "data.new" / "base").mkdir(parents=True)
    (folder / "data.new" / "PG_VERSION").write_text("17\n")
    (folder / "password.txt").write_text("secret")
    (folder / "access.json").write_text('{"port": "1", "password": "secret"}')
    initdb = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    note_pid(folder / "initdb.pid", initdb.pid)
    with Postgres(folder) as server:
        assert asked(server, "select 7") == [7]
        assert not psutil.pid_exists(initdb.pid)
    initdb.communicate()
    left = {path.name for path in folder.iterdir()}
    assert not {"data.new", "password.txt", "initdb.pid"} & left


def test_data_whose_password_is_lost_are_not_thrown_away(tmp_path: Path) -> None:
    data = tmp_path / "server" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(LocalServerError, match=r"holds data, but .*access.json is gone"):
        Postgres(tmp_path / "server").start()
    assert (data / "PG_VERSION").exists()


def test_a_folder_serves_one_at_a_time(tmp_path: Path) -> None:
    with Postgres(tmp_path / "server"):
        second = Postgres(tmp_path / "server")
        with pytest.raises(LocalServerError, match="in use by another process"):
            second.start()


def test_nothing_is_left_when_the_block_ends_by_an_error(tmp_path: Path, running: Running) -> None:
    def fail() -> None:
        with Postgres(tmp_path / "server"):
            assert running(str(tmp_path))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not running(str(tmp_path))


def test_the_server_ends_when_its_starter_is_killed(tmp_path: Path, running: Running) -> None:
    starter = subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", STARTER, str(tmp_path / "server")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert starter.stdout is not None
    assert starter.stdin is not None
    assert starter.stdout.readline() == b"ready\n"
    assert running("postgres")
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    starter.stdin.close()
    assert wait_until(lambda: not running(str(tmp_path)), 30.0)


def test_what_a_dead_starter_left_running_is_ended_by_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    # As if the keeper, too, had been killed: only the pid file tells of the server.
    left = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    note_pid(folder / "postgres.pid", left.pid)
    with Postgres(folder):
        assert not psutil.pid_exists(left.pid)
    left.communicate()


def test_a_process_that_only_has_the_number_of_an_old_one_is_let_be(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    (folder / "postgres.pid").write_text(f"{os.getpid()} 12345.0\n", encoding="ascii")
    with Postgres(folder):
        assert psutil.pid_exists(os.getpid())
