"""PostgreSQL in trouble: limits are kept, faults pass, and the pool is whole again afterwards."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.chassis import postgres as limits
from services.chassis.clock import RENEW_S, ServerClock
from services.chassis.database import Database
from services.chassis.faults import is_lock_timeout, is_transient
from services.chassis.leader import Leader
from services.chassis.postgres import ServerTime
from services.local_servers.postgres import Postgres
from services.local_servers.waiting import wait_until
from tests.ports.at_once import at_once, in_thread
from tests.ports.samples import database_at
from tests.ports.store_suite import faults, publish

COUNT = "UPDATE stream_heads SET seq = seq + 1 WHERE key = :key"


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Postgres]:
    """A server of this test alone, to be killed."""
    with Postgres(tmp_path / "postgres") as running:
        yield running


def fault_of(work: Callable[[], object]) -> DBAPIError:
    """The error of the database with which some work fails."""
    with pytest.raises(DBAPIError) as caught:
        work()
    return caught.value


def is_refused(database: Database) -> bool:
    """Whether the server takes no commands, and that fault passes; one that dies may take a few."""
    try:
        publish(database)
    except DBAPIError as error:
        return is_transient(error)
    return False


def test_every_connection_has_the_limits_that_the_code_relies_on(served: Database) -> None:
    with served.engine.connect() as connection:
        shown = {
            name: connection.scalar(text(f"SHOW {name}"))
            for name in (
                "lock_timeout",
                "statement_timeout",
                "idle_in_transaction_session_timeout",
                "transaction_isolation",
                "timezone",
                "handoff.agency",
            )
        }
    assert shown == {
        "lock_timeout": f"{limits.LOCK_TIMEOUT_S}s",
        "statement_timeout": f"{limits.STATEMENT_TIMEOUT_S}s",
        "idle_in_transaction_session_timeout": "1min",
        "transaction_isolation": "read committed",
        "timezone": "UTC",
        "handoff.agency": limits.NO_AGENCY,
    }


def test_whose_rows_are_shown_is_said_by_each_transaction_and_by_no_connection(
    addresses: tuple[str, str],
) -> None:
    shown = text("SELECT current_setting('handoff.agency')")
    single = Database(addresses[0], connections=1)
    for agency in ("agency-a", limits.EVERY_AGENCY):
        with single.transaction(agency) as session:
            assert session.scalar(shown) == agency
        with single.engine.connect() as connection:
            assert connection.scalar(shown) == limits.NO_AGENCY
    with single.transaction() as session:
        assert session.scalar(shown) == limits.EVERY_AGENCY
    single.close()


def test_a_lock_that_stays_taken_is_a_fault_that_passes(served: Database) -> None:
    publish(served)

    def wait_in_vain() -> None:
        with served.transaction() as session:
            session.execute(text("SET LOCAL lock_timeout = '100ms'"))
            session.execute(text(COUNT), {"key": "unit-a"})

    with served.transaction() as session:
        session.execute(text(COUNT), {"key": "unit-a"})
        error = in_thread(lambda: fault_of(wait_in_vain)).result(10.0)
    assert is_lock_timeout(error)
    assert is_transient(error)


def test_a_statement_that_takes_too_long_is_a_fault_that_passes(served: Database) -> None:
    def take_too_long() -> None:
        with served.transaction() as session:
            session.execute(text("SET LOCAL statement_timeout = '100ms'"))
            session.execute(text("SELECT pg_sleep(10)"))

    error = fault_of(take_too_long)
    assert is_transient(error)
    assert not is_lock_timeout(error)
    assert publish(served) == [1]


def test_of_two_who_wait_for_each_other_one_goes_on_and_the_others_fault_passes(
    served: Database,
) -> None:
    names = ("unit-a", "unit-b")
    for name in names:
        publish(served, name)
    met = threading.Barrier(2)

    def cross(number: int) -> str:
        try:
            with served.transaction() as session:
                session.execute(text(COUNT), {"key": names[number]})
                met.wait()
                session.execute(text(COUNT), {"key": names[1 - number]})
        except DBAPIError as error:
            return "passes" if is_transient(error) else "stays"
        return "done"

    assert sorted(at_once(cross, 1, 2)) == ["done", "passes"]


def test_a_pool_without_a_free_connection_is_a_fault_that_passes(
    addresses: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "POOL_TIMEOUT_S", 0.1)
    narrow = Database(addresses[0], connections=1)

    def wait_in_vain() -> Exception:
        with pytest.raises(PoolTimeoutError) as caught, narrow.transaction():
            pass
        return caught.value

    with narrow.transaction():
        error = in_thread(wait_in_vain).result(10.0)
    assert is_transient(error)
    narrow.close()


def test_after_a_killed_postmaster_the_pool_is_whole_again(fragile: Postgres) -> None:
    database = database_at(fragile.url())
    at_once(lambda _: publish(database), 1, 8)  # so many connections stand in the pool

    def hurt() -> None:
        with database.transaction() as session:
            session.execute(text(COUNT), {"key": "unit-a"})
            fragile.kill()
            session.execute(text("SELECT pg_sleep(10)"))

    assert is_transient(fault_of(hurt))
    assert wait_until(lambda: is_refused(database), 10.0)
    fragile.start()
    assert at_once(lambda _: len(publish(database)), 1, 8) == [1] * 8
    assert faults(database) == []
    database.close()


def test_while_the_server_is_away_nobody_leads_and_the_clock_runs_on(fragile: Postgres) -> None:
    database = Database(fragile.url())
    server, leader, machine = ServerTime(database.url), Leader(database, "relay"), [0.0]
    clock = ServerClock(server.now, lambda: machine[0])
    start = clock.now()
    assert leader.leads()
    fragile.kill()
    machine[0] = RENEW_S * 2
    assert wait_until(lambda: not leader.leads(), 10.0)
    assert is_transient(fault_of(leader.leads))
    assert clock.now() == start + timedelta(seconds=RENEW_S * 2)
    fragile.start()
    machine[0] = RENEW_S * 4
    assert clock.now() < start + timedelta(seconds=RENEW_S * 3)
    assert leader.leads()
    leader.resign()
    server.close()
    database.close()


def test_the_time_of_the_server_is_told_in_utc(served: Database) -> None:
    server = ServerTime(served.url)
    with served.transaction() as session:
        before = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    said, again = server.now(), server.now()
    assert before < said < again < before + timedelta(minutes=1)
    assert said.utcoffset() == timedelta(0)
    server.close()
