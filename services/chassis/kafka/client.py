"""What every Kafka client here has in common: its options, and its faults in our words."""

import logging
from collections.abc import Iterator, Mapping
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

from services.chassis.event_log import LogUnavailableError
from services.chassis.kafka.settings import KafkaSettings

C = TypeVar("C")

MARGIN_S: Final = 5.0
_REFUSALS: Final = (AuthorizationError, FencedInstanceIdError, SaslAuthenticationFailedError)


class LogRefusedError(LogUnavailableError):
    """The brokers refuse us: password, access list, or another member took our name.

    Time alone mends none of these, so a worker should rather end than try for ever.
    """


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


def client_options(settings: KafkaSettings) -> dict[str, Any]:
    """The options that every client takes."""
    return {
        "bootstrap_servers": list(settings.servers),
        "client_id": "handoff",
        "request_timeout_ms": ms(settings.answer_s),
        "bootstrap_timeout_ms": ms(settings.answer_s),
        # The library's 30 s would add half a minute to every longer outage.
        "reconnect_backoff_max_ms": 1_000,
        "kafka_client": _net_client,
        **settings.security.options(),
    }


def asserted(client: C, wanted: Mapping[str, Any]) -> C:
    """The client, once it is sure that it goes by our settings: its own would lose events."""
    config: dict[str, Any] = client.config  # type: ignore[attr-defined]
    wrong = sorted(name for name, value in wanted.items() if config[name] != value)
    if wrong:
        raise RuntimeError(f"the Kafka client does not take {', '.join(wrong)}")
    return client


def silence() -> None:
    """Keep the library from logging whole messages, as it does at debug level."""
    logging.getLogger("kafka").setLevel(logging.WARNING)


def ms(seconds: float) -> int:
    """Milliseconds, as the library counts."""
    return round(seconds * 1000)


class _Manager(KafkaConnectionManager):  # type: ignore[misc]
    """Knows a refusal from silence: the library tries a wrong password until its time is up."""

    refusal: Exception | None = None

    def get_connection(self, node_id: object, **options: Any) -> Any:
        known = node_id in self._conns
        connection = super().get_connection(node_id, **options)
        if not known:
            connection.init_future.add_errback(self._note)
        return connection

    def bootstrap(self, timeout_ms: float | None = None, *, refresh: bool = True) -> None:
        try:
            super().bootstrap(timeout_ms, refresh)
        except KafkaTimeoutError:
            if self.refusal is not None:
                raise self.refusal from None
            raise

    def _note(self, error: Exception) -> None:
        if isinstance(error, _REFUSALS):
            self.refusal = error


def _net_client(**configs: Any) -> KafkaNetClient:
    net = NetworkSelector(**configs)
    return KafkaNetClient(net, _Manager(net, **configs), **configs)
