"""What the tests ask of brokers beside the log: emptying, and waiting for what comes of a fault."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from contracts.codec import Message
from contracts.topics import TOPICS
from services.chassis.event_log import EventLog, LogUnavailableError, Record, Subscription
from services.chassis.kafka import topics as kafka_topics
from services.chassis.kafka.log import KafkaLog
from services.chassis.kafka.settings import KafkaSettings
from tests.ports.event_log_suite import commit

PATIENCE_S = 40.0


def emptied(settings: KafkaSettings) -> KafkaSettings:
    """The same settings, once every topic is new and every group gone."""
    log = KafkaLog(settings)
    log.ask(_empty)
    log.close()
    missing = set(TOPICS)

    def complete() -> bool:
        # A broker may for a moment not know yet that a topic was deleted.
        missing.difference_update(kafka_topics.apply(settings).created)
        return not missing

    until(complete)
    return settings


def _empty(admin: Any) -> None:
    topics = [name for name in admin.list_topics() if not name.startswith("__")]
    if topics:
        admin.delete_topics(topics)
    groups = [group["group_id"] for group in admin.list_groups()]
    if groups:
        admin.delete_groups(groups)


def until(true: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Try again, at once, until it is true; the calls themselves wait."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"


def published(log: EventLog, messages: Sequence[Message]) -> int:
    """Publish as the relay does: the same again after a fault; returns how often it was tried."""
    tries = 0

    def publish() -> bool:
        nonlocal tries
        tries += 1
        return done(lambda: log.publish(messages))

    until(publish)
    return tries


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
                done(partial(commit, member, batch))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


def read_until(member: Subscription, wanted: set[tuple[str, bytes]]) -> list[Record]:
    """Poll until every wanted (key, number) has come, in whatever order."""
    found: list[Record] = []

    def complete() -> bool:
        found.extend(polled(member))
        return wanted <= {(r.message.key, r.message.headers["ce_sequence"]) for r in found}

    until(complete)
    return found


def first_occurrences(records: Sequence[Record]) -> dict[str, list[int]]:
    """The numbers of each key in the order in which each came first."""
    seen: dict[str, list[int]] = {}
    for record in records:
        numbers = seen.setdefault(record.message.key, [])
        number = int(record.message.headers["ce_sequence"])
        if number not in numbers:
            numbers.append(number)
    return seen
