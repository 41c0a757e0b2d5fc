"""Real brokers, and topics as the contract has them, empty for each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.chassis.kafka.log import KafkaLog
from services.chassis.kafka.settings import KafkaSettings
from services.local_servers.kafka import Kafka
from tests.integration.kafka.brokers import emptied
from tests.servers import LEFT_SOCKETS, sweep

HERE = Path(__file__).parent

OpenKafka = Callable[[], KafkaLog]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A client leaves sockets where no broker answers, too: every test here may."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.filterwarnings(LEFT_SOCKETS))


@pytest.fixture(autouse=True)
def _swept() -> Iterator[None]:
    yield
    sweep()


@pytest.fixture
def settings(kafka: Kafka) -> KafkaSettings:
    """The way to the broker, whose topics are empty and whose groups are gone."""
    return emptied(KafkaSettings(servers=kafka.servers, replication=1, in_sync=1))


@pytest.fixture
def open_kafka(settings: KafkaSettings) -> Iterator[OpenKafka]:
    """Opens the log of that broker, again and again."""
    opened: list[KafkaLog] = []

    def open_one() -> KafkaLog:
        opened.append(KafkaLog(settings))
        return opened[-1]

    yield open_one
    for log in opened:
        log.close()
