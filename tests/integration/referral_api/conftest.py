"""Opens offices for the tests, on both databases, and holds each to its chains when it is left."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contracts.topics import Service
from services.chassis import audit, migrations
from services.chassis.settings import KEY_STORE
from services.local_servers.postgres import Postgres
from tests.integration.referral_api.office import Office
from tests.integration.referral_api.opening import (
    Stores,
    furnish,
    furnish_folder,
    migrate_files,
    open_office,
)
from tests.ports.postgres_copies import BOTH, Cluster

STREAMS = "SELECT key FROM stream_heads WHERE topic = 'referral.lifecycle'"


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


@contextmanager
def opened(request: pytest.FixtureRequest, home: Path) -> Iterator[Office]:
    """An office on copies of its own; afterwards every chain must hold."""
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("furnished"), home)
        with _watched(open_office(home)) as office:
            yield office
        return
    cluster, made = request.getfixturevalue("cluster"), request.getfixturevalue("templates")
    shutil.copytree(request.getfixturevalue("folder"), home)
    with (
        cluster.copy(made.referrals) as referrals,
        cluster.copy(made.keys) as apart,
        _watched(open_office(home, Stores(referrals, apart))) as office,
    ):
        yield office


@contextmanager
def _watched(office: Office) -> Iterator[Office]:
    try:
        yield office
        for (referral_id,) in office.rows(STREAMS):
            office.stream(referral_id)
            with office.transaction() as session:
                assert audit.verify_subject(session, f"referral:{referral_id}") == []
    finally:
        office.close()


@pytest.fixture(params=BOTH)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """The service on a folder of the test's own."""
    with opened(request, tmp_path / "home") as office:
        yield office


@pytest.fixture(params=BOTH, scope="module")
def front_door(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """One office for all tests of a module that are turned away, and so change nothing."""
    with opened(request, tmp_path_factory.mktemp("front-door") / "home") as office:
        yield office
