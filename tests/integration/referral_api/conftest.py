"""Opens offices for the tests, on both databases, and holds each to its chains when it is left."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contracts.topics import Service
from services.chassis import migrations
from services.chassis.settings import KEY_STORE
from services.local_servers.postgres import Postgres
from tests.integration.referral_api.office import Office
from tests.integration.referral_api.opening import (
    Offices,
    Stores,
    furnish,
    furnish_folder,
    migrate_files,
)
from tests.ports.postgres_copies import BOTH, Cluster


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder to copy: making one takes longer than most tests."""
    home = tmp_path_factory.mktemp("folder") / "home"
    furnish_folder(home)
    return home


@pytest.fixture(scope="session")
def furnished(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder to copy, with SQLite files in it."""
    home = tmp_path_factory.mktemp("furnished") / "home"
    shutil.copytree(folder, home)
    migrate_files(home)
    furnish(home)
    return home


@pytest.fixture(scope="session")
def cluster(postgres: Postgres) -> Iterator[Cluster]:
    """The databases of the PostgreSQL that all tests share."""
    made = Cluster(postgres)
    yield made
    made.close()


@pytest.fixture(scope="session")
def templates(cluster: Cluster, folder: Path) -> Stores:
    """Furnished PostgreSQL databases, to copy."""
    made = Stores(
        cluster.template(lambda owner: migrations.upgrade(owner, Service.REFERRAL_API)),
        cluster.template(lambda owner: migrations.upgrade(owner, KEY_STORE)),
    )
    furnish(folder, made)
    return made


@pytest.fixture(scope="session")
def offices_on_sqlite(
    furnished: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Offices]:
    """Offices on files."""
    made = Offices(furnished, tmp_path_factory.mktemp("on-sqlite"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def offices_on_postgres(
    folder: Path, cluster: Cluster, templates: Stores, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Offices]:
    """Offices on PostgreSQL, their folders without files."""
    made = Offices(folder, tmp_path_factory.mktemp("on-postgres"), cluster, templates)
    yield made
    made.close()


@contextmanager
def opened(request: pytest.FixtureRequest) -> Iterator[Office]:
    """An office of the fixture's own; afterwards every chain must hold."""
    offices: Offices = request.getfixturevalue(f"offices_on_{request.param}")
    with offices.lend() as office:
        yield office
        office.check_chains()


@pytest.fixture(params=BOTH)
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    """The service, as if nobody had used it before."""
    with opened(request) as office:
        yield office


@pytest.fixture(params=BOTH, scope="module")
def front_door(request: pytest.FixtureRequest) -> Iterator[Office]:
    """One office for all tests of a module that are turned away, and so change nothing."""
    with opened(request) as office:
        yield office
