"""Wakes: a commit of one process wakes the loops of the others, and those of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from sqlalchemy import make_url, text

from services.chassis.database import Database, Wake
from services.chassis.postgres import lasting_engine
from services.chassis.wakes import TRY_AGAIN_S, Announcer, Listener
from services.local_servers.postgres import Postgres
from tests.ports.store_suite import publish

# Far below the 250 ms after which a loop looks by itself, were the machine not busy; 0 s is never.
SOON_S: Final = 5.0
QUIET_S: Final = 0.5
LATER_S: Final = TRY_AGAIN_S + SOON_S


@pytest.fixture
def announcing(served: Database) -> Iterator[Database]:
    """The database of a process that tells of its commits."""
    announcer = Announcer(served)
    served.on_publish(announcer.announce)
    yield served
    announcer.stop()


@contextmanager
def listening(database: Database, *wakes: Wake) -> Iterator[None]:
    """A process whose loops have these wakes; they were set once, for it just began to listen."""
    listener = Listener(database, wakes)
    listener.start()
    assert all(wake.wait(SOON_S) for wake in wakes)
    yield
    listener.stop()


def cut_off(postgres: Postgres, database: Database, asking: str) -> None:
    """End the connections whose last statement began like this."""
    end = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = :database AND query LIKE :asking"
    )
    with lasting_engine(postgres.url()).connect() as connection:
        here = {"database": make_url(database.url).database, "asking": f"{asking}%"}
        assert connection.scalars(end, here).all() == [True]


def test_a_commit_wakes_every_loop_of_another_process(
    announcing: Database, addresses: tuple[str, str]
) -> None:
    other, wakes = Database(addresses[0]), (Wake(), Wake())
    with listening(other, *wakes):
        publish(announcing)
        assert [wake.wait(SOON_S) for wake in wakes] == [True, True]
    other.close()


def test_a_transaction_that_publishes_nothing_wakes_nobody(announcing: Database) -> None:
    wake = Wake()
    with listening(announcing, wake):
        with announcing.transaction() as session:
            session.execute(text("SELECT 1"))
        assert not wake.wait(QUIET_S)
        publish(announcing)
        assert wake.wait(SOON_S)


def test_what_a_process_heard_it_does_not_tell_again(announcing: Database) -> None:
    wake = Wake()
    with listening(announcing, wake):
        publish(announcing)
        assert wake.wait(SOON_S)
        wake.wait(QUIET_S)  # a second NOTIFY for the same commit may come; never an endless row
        assert not wake.wait(QUIET_S)


def test_a_listener_whose_connection_was_cut_listens_again_and_wakes_for_what_it_missed(
    announcing: Database, postgres: Postgres
) -> None:
    wake = Wake()
    with listening(announcing, wake):
        cut_off(postgres, announcing, "LISTEN")
        assert wake.wait(LATER_S)
        publish(announcing)
        assert wake.wait(SOON_S)


def test_an_announcer_whose_connection_was_cut_still_tells_of_that_commit(
    announcing: Database, postgres: Postgres
) -> None:
    wake = Wake()
    with listening(announcing, wake):
        publish(announcing)
        assert wake.wait(SOON_S)
        wake.wait(QUIET_S)
        cut_off(postgres, announcing, "NOTIFY")
        publish(announcing)
        assert wake.wait(LATER_S)


def test_no_thread_runs_before_the_first_commit_nor_after_the_end(served: Database) -> None:
    announcer = Announcer(served)
    served.on_publish(announcer.announce)
    assert "announcer" not in {thread.name for thread in threading.enumerate()}
    publish(served)
    assert "announcer" in {thread.name for thread in threading.enumerate()}
    announcer.stop()
    publish(served)
    assert "announcer" not in {thread.name for thread in threading.enumerate()}


def test_what_was_never_started_stops_at_once(served: Database) -> None:
    Announcer(served).stop()
    Listener(served, []).stop()
