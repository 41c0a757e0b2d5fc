"""Every call of a client ends in time, even where the client hangs."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from services.chassis.event_log import LogUnavailableError
from services.chassis.kafka.bounded import BoundedClient


@dataclass(eq=False)
class Client:
    """Hangs when told to, until released."""

    number: int
    free: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)

    def hang(self) -> int:
        """Wait as kafka-python does: without a time."""
        self.free.wait()
        return self.number


@pytest.fixture
def made() -> Iterator[list[Client]]:
    """Every client that was made; all are released at the end."""
    clients: list[Client] = []
    yield clients
    for client in clients:
        client.free.set()


def bounded(made: list[Client]) -> BoundedClient[Client]:
    """A bounded client that notes what it makes."""

    def make() -> Client:
        made.append(Client(len(made) + 1))
        return made[-1]

    return BoundedClient("the client", make, lambda client: client.closed.set())


def test_a_client_is_made_once_and_only_when_needed(made: list[Client]) -> None:
    client = bounded(made)
    assert (client.made, made) == (False, [])
    assert [client.call(lambda c: c.number, 5.0) for _ in range(3)] == [1, 1, 1]
    client.close(5.0)
    assert made[0].closed.is_set()


def test_a_call_that_hangs_is_abandoned_and_the_next_has_a_new_client(made: list[Client]) -> None:
    client = bounded(made)
    started = time.monotonic()
    with pytest.raises(LogUnavailableError, match="the client gave no answer in 0 s"):
        client.call(Client.hang, 0.2)
    assert time.monotonic() - started < 5
    assert client.call(lambda c: c.number, 5.0) == 2
    made[0].free.set()
    assert made[0].closed.wait(5.0)
    client.close(5.0)


def test_a_fault_is_raised_where_the_call_was_made_and_the_client_stays(made: list[Client]) -> None:
    client = bounded(made)
    with pytest.raises(ZeroDivisionError):
        client.call(lambda c: c.number // 0, 5.0)
    assert client.call(lambda c: c.number, 5.0) == 1
    client.drop()
    assert client.call(lambda c: c.number, 5.0) == 2
    client.close(5.0)


def test_a_caller_who_finds_it_busy_waits_no_longer_than_asked(made: list[Client]) -> None:
    client = bounded(made)
    client.call(lambda c: c.number, 5.0)
    first = threading.Thread(target=lambda: client.call(Client.hang, 30.0))
    first.start()
    with pytest.raises(LogUnavailableError, match=r"busy|no answer"):
        client.call(lambda c: c.number, 0.3)
    made[0].free.set()
    first.join(10.0)
    assert not first.is_alive()
    client.close(5.0)
