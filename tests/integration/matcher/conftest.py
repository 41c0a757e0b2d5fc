"""Opens a desk for each test of the matcher."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.matcher.desk import Desk, open_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A matcher with an empty directory; what it decided must follow from its journal."""
    with open_desk(tmp_path) as opened:
        yield opened
        assert opened.replayed() == []
