"""Real brokers, and topics as the contract has them, empty for each test."""

import gc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.chassis.kafka.log import KafkaLog
from services.chassis.kafka.settings import KafkaSettings
from services.local_servers.kafka import Kafka
from tests.integration.kafka.brokers import emptied

OpenKafka = Callable[[], KafkaLog]

HERE = Path(__file__).parent
# kafka-python leaves sockets to the garbage collector.
LEFT_SOCKETS = "ignore:unclosed <(socket|ssl):ResourceWarning"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let no test of this folder fail for a socket that is not ours."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.filterwarnings(LEFT_SOCKETS))


@pytest.fixture(autouse=True)
def _swept() -> Iterator[None]:
    """Collect such sockets here, or else the next test of another folder would be blamed."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker that nobody hurts."""
    with Kafka(tmp_path_factory.mktemp("kafka")) as running:
        yield running


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
