"""Databases, clocks and consumers for the tests of the chassis."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog.testing

from contracts.topics import Consumer
from services.chassis.database import Database
from services.chassis.inbox import Inbox
from tests.integration.chassis.small_town import Town
from tests.ports.samples import Ledger, StillClock, database_at


@pytest.fixture
def clock() -> StillClock:
    """A clock that stands still."""
    return StillClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A SQLite file with the tables of the chassis."""
    made = database_at(f"sqlite:///{tmp_path / 'service.sqlite'}")
    yield made
    made.close()


@pytest.fixture
def ledger() -> Ledger:
    """Handlers that write down what they handled."""
    return Ledger()


@pytest.fixture
def box(ledger: Ledger) -> Inbox:
    """The inbox under test."""
    return Inbox(Consumer.OUTCOMES, ledger.handlers)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The two services, not started."""
    made = Town(tmp_path)
    yield made
    assert made.close() == []


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep the log off the terminal: drawing tracebacks there takes seconds."""
    with structlog.testing.capture_logs():
        yield
