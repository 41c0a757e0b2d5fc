"""Opens towns on each column for the journeys, and holds each to the invariants at its end."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from tests.journey.column import OpenColumn
from tests.journey.embedded_column import open_embedded
from tests.journey.production_column import Production, run_production
from tests.journey.town import Town, open_town

OpenTown = Callable[..., Town]
BROKERS: Final = 3
ON_SERVERS: Final = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.many_servers]


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """One suite on servers for all: its start takes half a minute, and its rest a tenth of a core.

    Each test finds it empty, and leaves every server and process as it found it.
    """
    with run_production(tmp_path_factory.mktemp("production") / "home", BROKERS) as running:
        yield running


@pytest.fixture(
    scope="session",
    params=[
        "embedded",
        pytest.param("production", marks=ON_SERVERS),
    ],
)
def column(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> OpenColumn:
    """How each column of the design's table is opened, at its START and empty."""
    if request.param == "embedded":
        made = tmp_path_factory.mktemp("embedded") / "home"
        with open_embedded(made):
            pass
        return partial(open_embedded, like=made)
    running: Production = request.getfixturevalue("production")
    # One for all journeys, whatever folder they ask for.
    return lambda _: running.emptied()


@pytest.fixture
def town(column: OpenColumn, tmp_path: Path) -> Iterator[OpenTown]:
    """Call it with programs to open a town; the invariants are checked at the end."""
    towns: list[Town] = []
    with ExitStack() as stack:

        def opened(*programs: dict[str, Any]) -> Town:
            towns.append(stack.enter_context(open_town(column(tmp_path / "home"), *programs)))
            return towns[-1]

        yield opened
        for each in towns:
            each.settle()
            assert each.violations() == []
