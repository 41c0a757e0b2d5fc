"""Opens towns for the journeys, and holds each to the invariants when it is left."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.journey.invariants import violations
from tests.journey.town import Town, open_town

OpenTown = Callable[..., Town]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[OpenTown]:
    """Call it with programs to open a town; the invariants are checked at the end."""
    home = tmp_path / "home"
    with ExitStack() as stack:

        def opened(*programs: dict[str, Any]) -> Town:
            return stack.enter_context(open_town(home, *programs))

        yield opened
    assert violations(home) == []
