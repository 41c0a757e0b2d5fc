"""One of many leads a task; when it dies in whatever way, another one does within seconds."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from services.chassis.database import Database
from services.chassis.leader import Leader
from services.chassis.postgres import lasting_engine, lock_number
from services.local_servers.postgres import Postgres
from services.local_servers.waiting import wait_until
from tests.ports.at_once import at_once

TAKE_OVER_S: Final = 3.0
LEADING: Final = """
import sys
from services.chassis.database import Database
from services.chassis.leader import Leader
leader = Leader(Database(sys.argv[1]), "relay")
print("leads:", leader.leads(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def database(addresses: tuple[str, str]) -> Iterator[Database]:
    """A PostgreSQL database without tables."""
    made = Database(addresses[0])
    yield made
    made.close()


@pytest.fixture
def leaders(database: Database) -> Iterator[list[Leader]]:
    """Five who would lead the same task, as those of five processes."""
    made = [Leader(database, "relay") for _ in range(5)]
    yield made
    for leader in made:
        leader.resign()


def cut_off(postgres: Postgres, task: str) -> None:
    """End the connection that holds a task's lock, as a failing network would."""
    held = text(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
        "AND (classid::bigint << 32 | objid::bigint) = :number"
    )
    with lasting_engine(postgres.url()).connect() as connection:
        ended = connection.scalars(held, {"number": lock_number(task)}).all()
    assert ended == [True]


def test_one_of_many_leads_and_goes_on_leading(leaders: list[Leader]) -> None:
    first = [leader.leads() for leader in leaders]
    assert first == [True, False, False, False, False]
    assert [leader.leads() for leader in leaders] == first


def test_of_many_who_ask_at_once_one_leads(leaders: list[Leader]) -> None:
    assert sum(at_once(lambda number: leaders[number].leads(), 1, len(leaders))) == 1


def test_tasks_are_led_each_by_itself_and_in_each_database(
    database: Database, postgres: Postgres
) -> None:
    elsewhere = Database(postgres.url())
    leaders = [Leader(database, "relay"), Leader(database, "jobs"), Leader(elsewhere, "relay")]
    assert [leader.leads() for leader in leaders] == [True, True, True]
    for leader in leaders:
        leader.resign()
    elsewhere.close()


def test_who_resigns_is_followed_at_once(leaders: list[Leader]) -> None:
    assert leaders[0].leads()
    leaders[0].resign()
    assert wait_until(leaders[1].leads, TAKE_OVER_S)
    assert not leaders[0].leads()


def test_only_the_leader_ticks(leaders: list[Leader]) -> None:
    ticks = [leader.only(lambda: 7) for leader in leaders[:2]]
    assert [tick() for tick in ticks] == [7, 0]
    leaders[0].resign()
    assert wait_until(lambda: ticks[1]() == 7, TAKE_OVER_S)


def test_the_loops_of_a_process_share_its_leadership(leaders: list[Leader]) -> None:
    assert all(at_once(lambda _: leaders[0].leads(), 5, 8))
    assert not leaders[1].leads()


def test_a_leader_whose_connection_was_cut_knows_it_and_another_follows(
    leaders: list[Leader], postgres: Postgres
) -> None:
    assert [leader.leads() for leader in leaders[:2]] == [True, False]
    cut_off(postgres, "relay")
    assert wait_until(leaders[1].leads, TAKE_OVER_S)
    assert not leaders[0].leads()


def test_a_standby_whose_connection_was_cut_stands_by_again(
    leaders: list[Leader], database: Database, postgres: Postgres
) -> None:
    assert [leader.leads() for leader in leaders[:2]] == [True, False]
    standby = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :database AND pid "
        "NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
    )
    with lasting_engine(postgres.url()).connect() as connection:
        here = {"database": make_url(database.url).database}
        assert connection.scalars(standby, here).all() == [True]
    with pytest.raises(OperationalError):
        leaders[1].leads()
    leaders[0].resign()
    assert wait_until(leaders[1].leads, TAKE_OVER_S)


def test_when_the_leading_process_is_killed_another_leads_within_seconds(
    database: Database, leaders: list[Leader]
) -> None:
    with subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", LEADING, database.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert b"leads: True\n" in iter(process.stdout.readline, b"")  # after lines of the log
        assert not leaders[0].leads()
        process.send_signal(signal.SIGKILL)
        assert wait_until(leaders[0].leads, TAKE_OVER_S)


def test_without_a_database_nobody_leads() -> None:
    nowhere = Database("postgresql+psycopg://nobody:nothing@127.0.0.1:1/nowhere")
    leader = Leader(nowhere, "relay")
    with pytest.raises(OperationalError):
        leader.leads()
    nowhere.close()


def test_on_sqlite_whoever_asks_leads() -> None:
    database = Database("sqlite://")
    leader = Leader(database, "relay")
    assert leader.leads()
    leader.resign()
    assert leader.leads()
    database.close()
