"""Requests that wait: a commit wakes them, few may, and they hold nothing meanwhile."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from sqlalchemy import QueuePool

from services.chassis import waiters
from services.chassis.database import Database
from services.chassis.waiters import Waiters
from services.chassis.wakes import Announcer
from tests.ports.store_suite import publish

SOON_S = 10.0


@dataclass(slots=True)
class Look:
    """What a request looks for: there or not, and told when it was looked at."""

    there: bool = False
    looked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __call__(self) -> bool:
        self.looked.release()
        return self.there


@pytest.fixture(autouse=True)
def _only_when_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks by himself."""
    monkeypatch.setattr(waiters, "LOOK_S", 60.0)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that requests wait on."""
    with ThreadPoolExecutor(4) as made:
        yield made


def waiting(pool: ThreadPoolExecutor, on: Waiters, look: Look) -> "Future[None]":
    """A request that has looked once, found nothing, and waits."""
    future = pool.submit(on.wait, look, 60.0)
    assert look.looked.acquire(timeout=SOON_S)
    return future


def test_a_commit_wakes_whoever_waits_and_what_is_not_theirs_does_not_end_it(
    database: Database, pool: ThreadPoolExecutor
) -> None:
    made, look = Waiters(database, 2), Look()
    future = waiting(pool, made, look)
    publish(database)
    assert look.looked.acquire(timeout=SOON_S)
    assert not future.done()
    look.there = True
    publish(database)
    future.result(SOON_S)


def test_who_waits_holds_no_connection(database: Database, pool: ThreadPoolExecutor) -> None:
    made, look = Waiters(database, 1), Look()
    future = waiting(pool, made, look)
    connections = database.engine.pool
    assert isinstance(connections, QueuePool)
    assert connections.checkedout() == 0
    look.there = True
    made.set()
    future.result(SOON_S)


def test_no_more_wait_than_may_and_a_place_that_frees_is_taken(
    database: Database, pool: ThreadPoolExecutor
) -> None:
    made, first, second = Waiters(database, 1), Look(), Look()
    future = waiting(pool, made, first)
    made.wait(second, 60.0)
    assert not second.looked.acquire(blocking=False)
    first.there = True
    made.set()
    future.result(SOON_S)
    second.there = True
    made.wait(second, 60.0)
    assert second.looked.acquire(blocking=False)
    none = Waiters(database, 0)
    none.wait(first, 60.0)


def test_the_seconds_end_and_so_does_the_wait(database: Database) -> None:
    look = Look()
    Waiters(database, 1).wait(look, 0.05)
    assert look.looked.acquire(blocking=False)


def test_a_look_that_fails_gives_the_place_back(database: Database) -> None:
    def fails() -> bool:
        raise LookupError

    made, look = Waiters(database, 1), Look(there=True)
    with pytest.raises(LookupError):
        made.wait(fails, 60.0)
    made.wait(look, 60.0)
    assert look.looked.acquire(blocking=False)


def test_nobody_waits_on_in_a_process_that_ends(
    database: Database, pool: ThreadPoolExecutor
) -> None:
    made, look = Waiters(database, 2), Look()
    future = waiting(pool, made, look)
    made.hurry()
    future.result(SOON_S)
    made.wait(look, 60.0)


def test_on_postgres_a_commit_of_another_process_wakes_them(
    served: Database, addresses: tuple[str, str], pool: ThreadPoolExecutor
) -> None:
    other = Database(addresses[0])
    announcer = Announcer(other)
    other.on_publish(announcer.announce)
    made, look = Waiters(served, 1), Look()
    assert "listener" not in {thread.name for thread in threading.enumerate()}
    future = waiting(pool, made, look)
    assert look.looked.acquire(timeout=SOON_S)  # once more when it listens
    look.there = True
    publish(other)
    future.result(SOON_S)
    made.stop()
    assert "listener" not in {thread.name for thread in threading.enumerate()}
    announcer.stop()
    other.close()
