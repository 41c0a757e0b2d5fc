"""The documents that the code generates now, the wired services, and a copy to doctor."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from services.chassis.service import WiredService
from services.cli import contracts


@pytest.fixture(scope="session")
def services() -> Iterator[list[WiredService]]:
    """Every service, wired and not started."""
    with contracts.wired() as wired:
        yield wired


@pytest.fixture(scope="session")
def wanted() -> Mapping[str, str]:
    """What ``handoff contracts generate`` would write."""
    return contracts.generated()


@pytest.fixture
def tree(tmp_path: Path, wanted: Mapping[str, str]) -> Path:
    """A copy of the committed schemas and examples, freshly generated, to doctor."""
    for part in ("schemas", "examples"):
        shutil.copytree(contracts.FOLDER / part, tmp_path / part)
    contracts.write(tmp_path, wanted)
    return tmp_path
