"""Kafka and PostgreSQL as a suite has them, and the barest use of both."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from bench.stage import Stage, settings_at
from contracts.codec import Message
from services.chassis.kafka.client import silence
from services.chassis.kafka.settings import KafkaSettings
from services.cli import home
from services.cli.local_stores import LocalStores

WAIT_S = 30.0


@contextmanager
def open_servers(folder: Path) -> Iterator[tuple[Stage, KafkaSettings]]:
    """A durable PostgreSQL with every store, and one Kafka broker with every topic."""
    silence()
    found = settings_at(folder / "home")
    found.keys.mkdir(parents=True, mode=0o700)
    home.make_keys(found)
    stores = LocalStores(found, 1, lambda _: None)
    try:
        opened = stores.open()
        yield Stage(stores.postgres, opened.settings), opened.kafka
    finally:
        stores.close()


@contextmanager
def bare_producer(servers: Sequence[str]) -> Iterator[KafkaProducer]:
    """A producer that waits for the acknowledgement of every replica, as the suite's does."""
    producer = KafkaProducer(bootstrap_servers=list(servers), acks="all", linger_ms=0)
    with closing(producer):
        yield producer


@contextmanager
def bare_consumer(servers: Sequence[str], topic: str, group: str) -> Iterator[KafkaConsumer]:
    """A consumer of a topic's one partition, which it is given: one that joins a group may wait."""
    consumer = KafkaConsumer(
        bootstrap_servers=list(servers),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    with closing(consumer):
        consumer.assign([TopicPartition(topic, 0)])
        yield consumer


def make_topic(servers: Sequence[str], name: str) -> None:
    """A topic with one partition."""
    with closing(KafkaAdminClient(bootstrap_servers=list(servers))) as admin:
        admin.create_topics([NewTopic(name, 1, 1)])


def send_all(producer: KafkaProducer, messages: Sequence[Message], topic: str) -> None:
    """Send, and return once all are acknowledged."""
    sent: list[Any] = [
        producer.send(topic, key=m.key.encode(), value=m.value, headers=list(m.headers.items()))
        for m in messages
    ]
    producer.flush(WAIT_S)
    for each in sent:
        each.get(timeout=WAIT_S)
