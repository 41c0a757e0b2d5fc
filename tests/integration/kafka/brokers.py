"""What the tests ask of brokers beside the log: emptying, and waiting for what comes of a fault."""

from collections.abc import Sequence
from typing import Any

from contracts.codec import Message
from contracts.topics import TOPICS
from services.chassis.event_log import EventLog, Record, Subscription
from services.chassis.kafka import topics as kafka_topics
from services.chassis.kafka.log import KafkaLog
from services.chassis.kafka.settings import KafkaSettings
from tests.ports.patience import done, polled, until


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


def published(log: EventLog, messages: Sequence[Message]) -> int:
    """Publish as the relay does: the same again after a fault; returns how often it was tried."""
    tries = 0

    def publish() -> bool:
        nonlocal tries
        tries += 1
        return done(lambda: log.publish(messages))

    until(publish)
    return tries


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
