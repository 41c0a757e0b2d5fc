"""A stage for the processes of each test, left empty when it ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.local_servers.postgres import Postgres
from tests.integration.processes.stage import Stage


@pytest.fixture
def stage(tmp_path: Path, postgres: Postgres) -> Iterator[Stage]:
    """Stores, keys and settings; whatever was started on it ends with it."""
    made = Stage(tmp_path, postgres)
    yield made
    made.close()
