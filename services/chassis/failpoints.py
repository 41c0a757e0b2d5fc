"""Failpoints: named places between two steps of I/O, where an armed process kills itself.

A charge is a file of a folder that one setting names, and only a demo takes that setting. The file
is named after a flow (a request's endpoint, a loop), a point, and the passing of that point within
one request or tick: ``matcher.decide@decider.decided@1``. Whoever comes there first renames the
file, which nobody can do twice, and is gone.
"""

import os
import signal
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger()

MARK: Final = "@"


class Point(StrEnum):
    """Every failpoint; each is passed at one place of the code, after the step that it names."""

    STATEMENT_DONE = "statement.done"
    TRANSACTION_WRITTEN = "transaction.written"
    TRANSACTION_COMMITTED = "transaction.committed"
    TRANSACTION_ANNOUNCED = "transaction.announced"
    REQUEST_CLAIMED = "request.claimed"
    REQUEST_WRITTEN = "request.written"
    REQUEST_DONE = "request.done"
    PERSON_KEY_KEPT = "person_key.kept"
    RELAY_READ = "relay.read"
    RELAY_SENT = "relay.sent"
    RELAY_MARKED = "relay.marked"
    CONSUMER_POLLED = "consumer.polled"
    CONSUMER_HANDLED = "consumer.handled"
    CONSUMER_COMMITTED = "consumer.committed"
    CONSUMER_ACKNOWLEDGED = "consumer.acknowledged"
    TIMER_FOUND = "timer.found"
    DECIDER_TURNED = "decider.turned"
    DECIDER_DECIDED = "decider.decided"
    DELIVERY_CLAIMED = "delivery.claimed"
    DELIVERY_SENT = "delivery.sent"
    DELIVERY_RECORDED = "delivery.recorded"


@dataclass(frozen=True, slots=True)
class Charge:
    """Kill the process that comes to a point of a flow, there for the ``passing``-th time."""

    flow: str
    point: Point
    passing: int = 1

    @property
    def name(self) -> str:
        """What its file is called until it is fired."""
        return MARK.join((self.flow, self.point, str(self.passing)))


class _Here(threading.local):
    """What the thread is doing, and how often it came to each point since it began."""

    flow = ""

    def __init__(self) -> None:
        self.passed: Counter[Point] = Counter()


_here: Final = _Here()
# Empty but in a process that was started to be killed: a point costs the look into it.
_armed: Final[list[Path]] = []


def arm(folder: Path | None) -> None:
    """Look for charges in this folder from here on; None: never, as in production."""
    _armed.clear()
    if folder is not None:
        _armed.append(folder)
        log.critical("failpoints_armed", folder=str(folder), means="this process may kill itself")


def is_armed() -> bool:
    """Whether this process looks for charges."""
    return bool(_armed)


def enter(flow: str) -> None:
    """Begin a request or a tick: its passings are counted from here."""
    if _armed:
        _here.flow = flow
        _here.passed.clear()


def reached(point: Point) -> None:
    """Die here, by SIGKILL, where a charge for it lies in the folder."""
    if _armed:
        _here.passed[point] += 1
        _fire(_armed[0], Charge(_here.flow, point, _here.passed[point]))


def _fire(folder: Path, charge: Charge) -> None:
    """The new name tells who is gone."""
    with suppress(FileNotFoundError):
        (folder / charge.name).rename(folder / f"{charge.name}{MARK}{os.getpid()}")
        os.kill(os.getpid(), signal.SIGKILL)
