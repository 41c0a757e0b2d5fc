"""A town on a clockwork: nothing moves in it by itself, and nothing is waited for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.journey.clockwork import Clockwork, open_clockwork
from tests.journey.embedded_column import Embedded
from tests.journey.town import Town, furnish


@dataclass(slots=True)
class StillTown(Town):
    """A town that comes to rest by being moved."""

    works: Clockwork

    def pass_time(self, **by: float) -> None:
        """Move the clock on, and let all that is due be done."""
        self.works.pass_time(timedelta(**by) / timedelta(minutes=1))
        self.settle()

    def settle(self) -> None:
        """Move until nothing moves any more."""
        self.works.settle()


@contextmanager
def open_still_town(home: Path, *programs: dict[str, Any]) -> Iterator[StillTown]:
    """A town on a new folder, which must have kept every invariant when it is left."""
    with open_clockwork(home) as works:
        town = StillTown(Embedded(works), works.client, works)
        furnish(town, *programs)
        yield town
        town.settle()
        assert town.violations() == []
        assert works.errors.getvalue() == ""
