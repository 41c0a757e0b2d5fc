"""The EventLog on Apache Kafka: publishing, and the way to the brokers that all parts share."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from contracts.codec import Message
from services.chassis.event_log import LogUnavailableError
from services.chassis.kafka.bounded import BoundedClient
from services.chassis.kafka.client import (
    MARGIN_S,
    PRODUCER,
    in_our_words,
    made,
    ms,
    silence,
)
from services.chassis.kafka.lag import kept, lags
from services.chassis.kafka.settings import KafkaSettings
from services.chassis.kafka.subscription import KafkaSubscription

R = TypeVar("R")


class KafkaLog:
    """Connects when first used, and again after a fault; safe to share between threads."""

    def __init__(self, settings: KafkaSettings) -> None:
        silence()
        self._settings = settings
        self._producer = BoundedClient("kafka producer", self._new_producer, _end_producer)
        self._admin = BoundedClient("kafka admin", self._new_admin, _end_admin)
        self._subscriptions: list[KafkaSubscription] = []

    def publish(self, messages: Sequence[Message]) -> None:
        """Append, and return once every in-sync replica has all; raises LogUnavailableError.

        After a fault nothing more of this call is sent: what was not acknowledged may be published
        again, in the same order, and each key's first occurrences stay in order.
        """
        seconds = self._settings.answer_s + self._settings.publish_s + MARGIN_S
        try:
            with in_our_words("publish"):
                self._producer.call(lambda producer: self._send(producer, messages), seconds)
        except LogUnavailableError:
            self._producer.drop()
            raise

    def subscribe(self, group: str, topics: Sequence[str], member: str) -> KafkaSubscription:
        """Become a member of a group; it joins when first polled, and starts at the earliest."""
        subscription = KafkaSubscription(self._settings, group, tuple(topics), member, self.ask)
        self._subscriptions.append(subscription)
        return subscription

    def lag(self, group: str, topics: Sequence[str]) -> int:
        """How many records of the topics a group has not committed; nobody need be a member."""
        return self.ask(lambda admin: sum(lags(admin, group, topics).values()))

    def kept(self, topics: Sequence[str]) -> int:
        """How many records the topics hold, whoever read them; raises LogUnavailableError."""
        return self.ask(lambda admin: kept(admin, topics))

    def ping(self) -> None:
        """Raise LogUnavailableError where no broker answers, LogRefusedError where it says no."""
        self.ask(lambda admin: admin.describe_cluster())

    def ask(self, question: Callable[[KafkaAdminClient], R]) -> R:
        """The answer of the administrative interface; raises LogUnavailableError."""
        try:
            with in_our_words("ask"):
                return self._admin.call(question, self._settings.answer_s + MARGIN_S)
        except LogUnavailableError:
            self._admin.drop()
            raise

    def close(self) -> None:
        """Leave every group and let go of every connection."""
        for subscription in self._subscriptions:
            subscription.close()
        self._producer.close(MARGIN_S)
        self._admin.close(MARGIN_S)

    def _new_producer(self) -> KafkaProducer:
        own = {
            **PRODUCER,
            "linger_ms": 0,
            "delivery_timeout_ms": ms(self._settings.publish_s),
            "max_block_ms": ms(self._settings.answer_s),
            # A publish is one burst: a key's messages in one batch cannot be parted by a fault.
            "batch_size": 256 * 1024,
        }
        return made(KafkaProducer, self._settings, own)

    def _new_admin(self) -> KafkaAdminClient:
        return made(KafkaAdminClient, self._settings, {})

    def _send(self, producer: KafkaProducer, messages: Sequence[Message]) -> None:
        faults: list[Exception] = []

        def give_up(fault: Exception) -> None:
            # On the sender's own thread: not one batch more leaves, for a later message of a key
            # must not overtake one that failed. ``close`` would first flush, that is, send them.
            faults.append(fault)
            producer._sender.force_close()  # noqa: SLF001

        try:
            for message in messages:
                producer.send(**_outgoing(message)).add_errback(give_up)
            producer.flush(timeout=self._settings.publish_s + MARGIN_S)
        except KafkaError as error:
            raise faults[0] if faults else error from None
        if faults:
            raise faults[0]


def _outgoing(message: Message) -> dict[str, Any]:
    return {
        "topic": message.topic,
        "key": message.key.encode(),
        "value": message.value,
        "headers": list(message.headers.items()),
    }


def _end_producer(producer: KafkaProducer) -> None:
    producer._sender.force_close()  # noqa: SLF001 - see ``_send``
    producer._sender.join(MARGIN_S)  # noqa: SLF001
    with suppress(KafkaError):
        producer.close(timeout=0)


def _end_admin(admin: KafkaAdminClient) -> None:
    with suppress(KafkaError, RuntimeError):
        admin.close()
