"""`handoff up --local-servers`: runs every process of the suite until it is told to stop."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from services.chassis.serving import STOP
from services.chassis.settings import Settings
from services.cli import duties, local_home, screen, welcome
from services.cli.client import ClientError
from services.cli.local_suite import LocalSuite
from services.cli.screen import say
from services.cli.up import logging_as_service

LOG: Final = "front.log"
Row = tuple[str, str, int, int | str, str]


def serve(found: Settings) -> None:
    """Start, print how to use it, and stay until SIGINT or SIGTERM, or until a process gives up.

    Raises HomeError, SettingError, LocalServerError or OSError where it cannot start, ClientError
    where a process gave up or did not end in time.
    """
    began = time.monotonic()
    interruption = _Interruption()
    interruption.begin()
    folder = found.home / local_home.PROCESSES
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (
        (folder / LOG).open("a", encoding="utf-8") as log,
        logging_as_service(found.log_level, log),
    ):
        suite = LocalSuite(
            found, say=lambda line: say(f"{time.monotonic() - began:5.1f} s  {line}")
        )
        try:
            suite.start()
            _tell(suite)
            interruption.only_ask(suite)
            suite.stopping.wait()
        except KeyboardInterrupt:
            say("stopping before all was up")
        finally:
            interruption.end()
            _end(suite)
            interruption.restore()


class _Interruption:
    """What SIGINT and SIGTERM do: break the start off, later ask to stop, at the end nothing."""

    def __init__(self) -> None:
        self._before = {number: signal.getsignal(number) for number in STOP}

    def begin(self) -> None:
        """From here on the first one raises KeyboardInterrupt."""
        self._on(self._break_off)

    def only_ask(self, suite: LocalSuite) -> None:
        """From here on they ask the suite to stop."""
        suite.stopping.on_signals()

    def end(self) -> None:
        """From here on they change nothing: the end is under way."""
        self._on(self._nothing)

    def restore(self) -> None:
        """Leave them as they were found."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _break_off(self, _number: int, _frame: FrameType | None) -> None:
        self.end()
        raise KeyboardInterrupt

    def _nothing(self, _number: int, _frame: FrameType | None) -> None:
        """One is enough."""

    def _on(self, handler: Callable[[int, FrameType | None], None]) -> None:
        for number in STOP:
            signal.signal(number, handler)


def _end(suite: LocalSuite) -> None:
    say("stopping: web processes, then relays and workers, then Kafka and PostgreSQL")
    began = time.monotonic()
    late = suite.close()
    if suite.crew.failure is not None:
        first, _, log = suite.crew.failure.partition("\n")
        say(log)
        raise ClientError(first)
    if late:
        raise ClientError(f"did not end in time: {', '.join(late)}")
    say(f"stopped in {time.monotonic() - began:.1f} s")


def _tell(suite: LocalSuite) -> None:
    found = suite.settings
    welcome.open_city(suite.address, found)
    say(f"  logs           {found.home}, in the files named below\n")
    columns = ("process", "what it is for", "pid", "port", "log")
    screen.table("What each process is for", columns, _rows(suite))
    welcome.print_commands(suite.address, found)


def _rows(suite: LocalSuite) -> Iterator[Row]:
    """Every process, the one that faces the user first."""
    home = suite.settings.home
    front = home / local_home.PROCESSES / LOG
    yield "front door", duties.FRONT, os.getpid(), suite.settings.port, _within(home, front)
    for name, post in suite.posts.items():
        process = suite.processes[name]
        yield name, post.purpose, process.pid, post.port, _within(home, process.log)
    for broker in suite.kafka.brokers:
        place, port = _within(home, broker.log), broker.node.client
        yield f"kafka.{broker.node.number}", duties.KAFKA, broker.pid, port, place
    if suite.postgres.pid:
        place = _within(home, suite.postgres.log)
        yield "postgres", duties.POSTGRES, suite.postgres.pid, suite.postgres.port, place


def _within(home: Path, path: Path) -> str:
    return str(path.relative_to(home))
