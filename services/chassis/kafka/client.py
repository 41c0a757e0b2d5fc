"""What every Kafka client here has in common: its options, and its faults in our words."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from kafka.errors import (
    AuthorizationError,
    FencedInstanceIdError,
    KafkaError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
)
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from services.chassis.event_log import LogRefusedError, LogUnavailableError
from services.chassis.kafka.settings import KafkaSettings

C = TypeVar("C")

MARGIN_S: Final = 5.0
# The library's own defaults would lose events, or make topics by the mere use of a name.
PRODUCER: Final = {"acks": -1, "enable_idempotence": True, "allow_auto_create_topics": False}
CONSUMER: Final = {
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "allow_auto_create_topics": False,
}
_LOOKS: Final = 3
_REFUSALS: Final = (AuthorizationError, FencedInstanceIdError, SaslAuthenticationFailedError)


@contextmanager
def in_our_words(what: str) -> Iterator[None]:
    """Turn the library's faults into LogUnavailableError and LogRefusedError; no values in them."""
    try:
        yield
    except (KafkaError, OSError, RuntimeError) as error:
        # A producer that may write nowhere is told so within a text.
        refused = isinstance(error, _REFUSALS) or "AuthorizationFailed" in str(error)
        kind = LogRefusedError if refused else LogUnavailableError
        raise kind(f"{what}: {type(error).__name__}") from error


def made(kind: Callable[..., C], settings: KafkaSettings, own: Mapping[str, Any]) -> C:
    """A client of a kind with our options; LogRefusedError where it does not go by them.

    Where it cannot be made, nothing of it is left: the library would leave its thread and its
    connections behind, at each try.
    """
    wanted = {**own, **_options(settings)}
    nets: list[KafkaNetClient] = []

    def net(**configs: Any) -> KafkaNetClient:
        selector = NetworkSelector(**configs)
        nets.append(KafkaNetClient(selector, _Manager(selector, **configs), **configs))
        return nets[-1]

    try:
        client = kind(**wanted, kafka_client=net)
    except BaseException:
        for left in nets:
            left.close()
        raise
    _assert_options(client, wanted)
    return client


def learn(consumer: Any, topics: Sequence[str], seconds: float) -> None:
    """Have a consumer know its topics before it joins.

    One that joins first may share out nothing, believe that all is well, and stay idle for ever.
    Raises LogUnavailableError for a topic that is missing, LogRefusedError for one we may not read:
    the library would wait for both without a word.
    """
    manager = consumer._client._manager  # noqa: SLF001
    cluster = manager.cluster
    cluster.set_topics(topics)
    missing: list[str] = []
    for _ in range(_LOOKS):
        manager.run(manager.wait_for, cluster.request_update(), ms(seconds))
        if denied := cluster.unauthorized_topics & set(topics):
            raise LogRefusedError(f"no right to read {', '.join(sorted(denied))}")
        missing = [topic for topic in topics if not cluster.partitions_for_topic(topic)]
        if not missing:
            return
    raise LogUnavailableError(f"no topic {', '.join(missing)}: make the topics first")


def silence() -> None:
    """Keep the library from logging whole messages, as it does at debug level."""
    logging.getLogger("kafka").setLevel(logging.WARNING)


def ms(seconds: float) -> int:
    """Milliseconds, as the library counts."""
    return round(seconds * 1000)


def _options(settings: KafkaSettings) -> dict[str, Any]:
    return {
        "bootstrap_servers": list(settings.servers),
        "client_id": "handoff",
        "request_timeout_ms": ms(settings.answer_s),
        "bootstrap_timeout_ms": ms(settings.answer_s),
        # The library's 30 s would add half a minute to every longer outage.
        "reconnect_backoff_max_ms": 1_000,
        **settings.security.options(),
    }


def _assert_options(client: Any, wanted: Mapping[str, Any]) -> None:
    wrong = sorted(name for name, value in wanted.items() if client.config.get(name) != value)
    if wrong:
        client.close()
        raise LogRefusedError(f"the Kafka client does not go by our {', '.join(wrong)}")


class _Manager(KafkaConnectionManager):  # type: ignore[misc]
    """Knows a refusal from silence: the library tries a wrong password again and again."""

    refusal: Exception | None = None

    def get_connection(self, node_id: object, **options: Any) -> Any:
        known = node_id in self._conns
        several = self.cluster.is_bootstrap(node_id) and len(self.cluster.bootstrap_brokers()) > 1
        if several and (left := options.get("timeout_ms")):
            # The one that is asked first may hang: half of the time is left for another.
            options["timeout_ms"] = left / 2
        connection = super().get_connection(node_id, **options)
        if not known:
            connection.init_future.add_errback(self._note)
        return connection

    def bootstrap(self, timeout_ms: float | None = None, *, refresh: bool = True) -> None:
        try:
            super().bootstrap(timeout_ms, refresh)
        except KafkaTimeoutError:
            if self.refusal is None:
                raise
            self.closed = False  # it has connections to close
            raise self.refusal from None

    async def _build_transport(self, node: object, timeout_at: float | None = None) -> Any:
        transport = await super()._build_transport(node, timeout_at)
        receive = transport._sock_recv  # noqa: SLF001

        def last_words_first() -> tuple[bytes, Exception | None]:
            # A broker says why it refuses, and closes: the library drops what comes with the end.
            # The end comes again at the next look.
            data, error = receive()
            return data, None if data else error

        transport._sock_recv = last_words_first  # noqa: SLF001
        return transport

    def _note(self, error: Exception) -> None:
        if isinstance(error, _REFUSALS):
            self.refusal = error
            # No second try with a wrong password: it ends the bootstrap, and only that.
            self.closed = self.closed or not self.bootstrapped
