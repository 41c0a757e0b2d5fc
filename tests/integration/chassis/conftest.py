"""Databases, clocks and consumers for the tests of the chassis."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import structlog.testing
from sqlalchemy import text

from contracts.topics import Consumer
from services.chassis import roles
from services.chassis.database import Database
from services.chassis.inbox import Inbox
from services.chassis.postgres import lasting_engine
from services.chassis.roles import Passwords
from services.local_servers.postgres import Postgres
from tests.integration.chassis.small_town import Town
from tests.ports.postgres_copies import BOTH
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


@pytest.fixture(params=BOTH)
def store(request: pytest.FixtureRequest) -> Database:
    """The tables of the chassis on either database, open for the role that owns them."""
    name = "owned" if request.param == "postgres" else "database"
    found: Database = request.getfixturevalue(name)
    return found


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


@pytest.fixture
def addresses(postgres: Postgres) -> Iterator[tuple[str, str]]:
    """An empty PostgreSQL database: for the role that serves, and for the one that owns it."""
    name = f"chassis_{uuid4().hex}"
    passwords = Passwords(app="app's own", owner="owner's own")
    yield roles.create_store(postgres.url(), "chassis", passwords, name)
    with lasting_engine(postgres.url()).connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def owned(addresses: tuple[str, str]) -> Iterator[Database]:
    """A PostgreSQL database with the tables of the chassis, open for the role that owns them."""
    made = database_at(addresses[1])
    yield made
    made.close()


@pytest.fixture
def served(addresses: tuple[str, str], owned: Database) -> Iterator[Database]:
    """The same database, open for the role that serves."""
    with owned.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
    roles.grant(owned.engine, "chassis_app")
    made = Database(addresses[0])
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep the log off the terminal: drawing tracebacks there takes seconds."""
    with structlog.testing.capture_logs():
        yield
