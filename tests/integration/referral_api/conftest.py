"""Opens offices for the tests, and holds each to its chains when it is left."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.chassis import audit
from tests.integration.referral_api.office import Office, furnish, open_office

STREAMS = "SELECT key FROM stream_heads WHERE topic = 'referral.lifecycle'"


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder to copy: making one takes longer than most tests."""
    home = tmp_path_factory.mktemp("furnished") / "home"
    furnish(home)
    return home


@contextmanager
def opened(furnished: Path, home: Path) -> Iterator[Office]:
    """An office on a copy of its own; afterwards every chain must hold."""
    shutil.copytree(furnished, home)
    office = open_office(home)
    yield office
    for (referral_id,) in office.rows(STREAMS):
        office.stream(referral_id)
        with office.transaction() as session:
            assert audit.verify_subject(session, f"referral:{referral_id}") == []
    office.service.close()


@pytest.fixture
def office(furnished: Path, tmp_path: Path) -> Iterator[Office]:
    """The service on a folder of the test's own."""
    with opened(furnished, tmp_path / "home") as office:
        yield office


@pytest.fixture(scope="module")
def front_door(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office for all tests of a module that are turned away, and so change nothing."""
    with opened(furnished, tmp_path_factory.mktemp("front-door") / "home") as office:
        yield office
