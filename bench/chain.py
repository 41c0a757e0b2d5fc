"""The floor of the way to an offer: insert, NOTIFY, send and consume, with nothing between."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import psycopg
from kafka import KafkaConsumer, KafkaProducer

from bench.brokers import bare_consumer, bare_producer, make_topic
from bench.stage import plain
from bench.town import Town
from services.cli.pace import Result, Send

LOOK_S: Final = 0.25
WAIT_S: Final = 30.0
TOPIC: Final = "bench.chain"
# About as much as a lifecycle event says.
TEXT: Final = "x" * 400
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS chain (id bigserial PRIMARY KEY, key text, body text, sent bool)"
)
_ADD: Final = "INSERT INTO chain (key, body, sent) VALUES (%s, %s, false)"
_UNSENT: Final = "SELECT id, key, body FROM chain WHERE NOT sent ORDER BY id LIMIT 500"
_MARK: Final = "UPDATE chain SET sent = true WHERE id = ANY(%s)"


@dataclass(slots=True)
class Chain:
    """Two threads between an insert and its arrival; ``open`` gives senders that wait for it."""

    url: str
    servers: tuple[str, ...]
    _arrivals: dict[str, threading.Event] = field(default_factory=dict)
    _ends: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator["Chain"]:
        """From entry to exit."""
        with (
            bare_producer(self.servers) as producer,
            bare_consumer(self.servers, TOPIC, f"bench-{uuid4()}") as consumer,
            psycopg.connect(self.url, autocommit=True) as heard,
        ):
            heard.execute("LISTEN chain")
            threads = [
                threading.Thread(target=self._relay, args=(heard, producer), daemon=True),
                threading.Thread(target=self._consume, args=(consumer,), daemon=True),
            ]
            for thread in threads:
                thread.start()
            try:
                yield self
            finally:
                self._ends.set()
                for thread in threads:
                    thread.join()
                self._ends.clear()

    @contextmanager
    def open(self) -> Iterator[Send]:
        """A sender with a connection of its own."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            yield lambda elapsed: [self._send(connection, elapsed)]

    def _send(self, connection: psycopg.Connection[Any], elapsed: Callable[[], float]) -> Result:
        key, there = str(uuid4()), threading.Event()
        self._arrivals[key] = there
        with connection.transaction():
            connection.execute(_ADD, (key, TEXT))
            connection.execute("NOTIFY chain")
        arrived = there.wait(WAIT_S)
        return Result("chain", elapsed(), None if arrived else "did not arrive")

    def _relay(self, heard: psycopg.Connection[Any], producer: KafkaProducer) -> None:
        while not self._ends.is_set():
            if not list(heard.notifies(timeout=LOOK_S, stop_after=1)):
                continue
            rows = heard.execute(_UNSENT).fetchall()
            for _, key, body in rows:
                producer.send(TOPIC, key=key.encode(), value=body.encode())
            producer.flush(WAIT_S)
            heard.execute(_MARK, ([row[0] for row in rows],))

    def _consume(self, consumer: KafkaConsumer) -> None:
        while not self._ends.is_set():
            for records in consumer.poll(timeout_ms=250, max_records=100).values():
                for record in records:
                    there = self._arrivals.pop(record.key.decode(), None)
                    if there is not None:
                        there.set()


def make_chain(town: Town) -> Chain:
    """A chain on the servers of a town, in a database and a topic of its own."""
    url = plain(town.suite.postgres.url())
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(_TABLE)
    make_topic(town.suite.kafka.servers, TOPIC)
    return Chain(url, tuple(town.suite.kafka.servers))
