"""Opens a desk for each test of the matcher, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.topics import Service
from services.chassis import migrations
from services.local_servers.postgres import Postgres
from tests.integration.matcher.desk import Desk, Desks, open_desk
from tests.ports.postgres_copies import BOTH, Cluster, Store


@pytest.fixture(scope="session")
def cluster(postgres: Postgres) -> Iterator[Cluster]:
    """The databases of the PostgreSQL that all tests share."""
    made = Cluster(postgres)
    yield made
    made.close()


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> Store:
    """A migrated database of the matcher, to copy."""
    return cluster.template(lambda owner: migrations.upgrade(owner, Service.MATCHER))


@pytest.fixture
def store(cluster: Cluster, template: Store) -> Iterator[Store]:
    """A PostgreSQL database of the test's own."""
    with cluster.copy(template) as copied:
        yield copied


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> str | None:
    """Where the matcher keeps its rows: None is a SQLite file in its folder."""
    return request.getfixturevalue("store").app if request.param == "postgres" else None


@pytest.fixture(scope="session")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Desks:
    """The desks that all tests share, one after another."""
    return Desks(tmp_path_factory.mktemp("desks"))


@pytest.fixture
def desk(database: str | None, desks: Desks) -> Iterator[Desk]:
    """A matcher with an empty directory; what it decided must follow from its journal."""
    with desks.desk(database) as opened:
        yield opened
        assert opened.replayed() == []


@pytest.fixture
def new_desk(database: str | None, tmp_path: Path) -> Iterator[Desk]:
    """A matcher that no test has used before and none will."""
    with open_desk(tmp_path, database) as opened:
        yield opened
