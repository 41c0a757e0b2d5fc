"""A service runs in two processes on one PostgreSQL: one relays and minds the time, one waits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final

import flask
import pytest

from contracts.codec import Message
from contracts.topics import Service
from services.chassis import outbox
from services.chassis.database import Database
from services.chassis.embedded_log import EmbeddedLog
from services.chassis.jobs import Job
from services.chassis.loops import stop_all
from services.chassis.service import Task, WiredService
from services.local_servers.waiting import wait_until
from tests.ports.samples import NOON, TALLIES, StillClock, tally

PATIENCE_S: Final = 20.0
SEND_S: Final = 0.03
EVENTS: Final = 10
LOOKS: Final = 10


class SlowLog(EmbeddedLog):
    """Notes what a process sends, and takes so long that another could send the same meanwhile."""

    def __init__(self, path: Path) -> None:
        super().__init__(Database(f"sqlite:///{path}"), lambda: NOON)
        self.sent: list[str] = []

    def publish(self, messages: Sequence[Message]) -> None:
        """Send, late."""
        Event().wait(SEND_S)
        self.sent += [message.key for message in messages]
        super().publish(messages)


@dataclass(frozen=True, slots=True)
class Process:
    """What one process of the service has of it."""

    service: WiredService
    log: SlowLog
    ticks: list[int]

    def start(self) -> None:
        """Relay, and run the jobs."""
        self.service.start(self.log, [Task.RELAY, Task.JOBS])

    def publish(self, key: str) -> None:
        """Commit an event, which wakes the loops of every process."""
        with self.service.database.transaction() as session:
            outbox.publish(session, TALLIES, key, [tally(key)], NOON)

    def end(self) -> None:
        """Let everything go, in good order."""
        assert stop_all(self.service.loops, PATIENCE_S) == []
        self.service.close()
        self.log.close()


def opened(url: str, path: Path) -> Process:
    """A process of the service, not started."""
    ticks: list[int] = []

    def tick() -> int:
        ticks.append(1)
        return 0

    service = WiredService(
        name=Service.REFERRAL_API,
        app=flask.Flask("nothing"),
        database=Database(url),
        clock=StillClock(),
        prefixes=[],
        inboxes=[],
        jobs=[Job("timers", tick, lambda *_: 1)],
    )
    return Process(service, SlowLog(path), ticks)


@pytest.fixture
def processes(owned: Database, tmp_path: Path) -> Iterator[list[Process]]:
    """Two of them, the first in the lead; those that are still listed are ended."""
    made = [opened(owned.url, tmp_path / f"{number}.sqlite") for number in range(2)]
    first, second = made
    first.start()
    first.publish("unit-first")
    assert wait_until(lambda: bool(first.log.sent and first.ticks), PATIENCE_S)
    second.start()
    yield made
    for process in made:
        process.end()


def test_of_two_processes_one_relays_each_event_once_and_runs_the_jobs(
    processes: list[Process],
) -> None:
    first, second = processes
    keys = ["unit-first", *(f"unit-{number}" for number in range(EVENTS))]
    for number, key in enumerate(keys[1:]):
        processes[number % 2].publish(key)
        assert wait_until(lambda: first.service.flow().unpublished == 0, PATIENCE_S)
    looked = len(first.ticks) + LOOKS
    assert wait_until(lambda: len(first.ticks) >= looked, PATIENCE_S)
    assert (first.log.sent, second.log.sent) == (keys, [])
    assert second.ticks == []


def test_when_the_first_process_ends_the_second_relays_and_runs_the_jobs(
    processes: list[Process],
) -> None:
    first, second = processes
    processes.remove(first)
    first.end()
    sent = len(first.log.sent)
    second.publish("unit-second")
    assert wait_until(lambda: second.log.sent == ["unit-second"], PATIENCE_S)
    assert wait_until(lambda: bool(second.ticks), PATIENCE_S)
    assert len(first.log.sent) == sent
