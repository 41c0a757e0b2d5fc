"""Waiting for what an event log brings in time, and reading it meanwhile as a worker does."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from services.chassis.event_log import LogUnavailableError, Record, Subscription, by_place

PATIENCE_S = 60.0


def until(true: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Try again, at once, until it is true; the calls themselves wait."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"


def done(attempt: Callable[[], object]) -> bool:
    """Whether the log let us; it may not, just after something befell it."""
    try:
        attempt()
    except LogUnavailableError:
        return False
    return True


def polled(member: Subscription, most: int = 100, seconds: float = 0.25) -> Sequence[Record]:
    """Poll as a consumer does: a fault is nothing found."""
    try:
        return member.poll(most, seconds)
    except LogUnavailableError:
        return []


@contextmanager
def reading(member: Subscription, *, committing: bool = True) -> Iterator[list[Record]]:
    """Poll on a thread of its own, as a worker does; the records so far, growing."""
    found: list[Record] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            batch = polled(member)
            found.extend(batch)
            if committing and batch:
                done(partial(member.commit, by_place(batch)))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()
