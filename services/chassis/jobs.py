"""Jobs: work that time brings, and the one look that tells which of them has any."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BindParameter, Select, bindparam, select
from sqlalchemy.orm import Session

from services.chassis.clock import Clock
from services.chassis.columns import UtcDateTime
from services.chassis.database import Database, Wake

MINUTE: Final = timedelta(minutes=1)
# The moment of the look, and the one a minute before, in the queries that count.
NOW: Final[BindParameter[datetime]] = bindparam("now", type_=UtcDateTime())
A_MINUTE_AGO: Final[BindParameter[datetime]] = bindparam("a_minute_ago", type_=UtcDateTime())

Query = Select[int]
Asked = Callable[[Session, datetime], int]


@dataclass(frozen=True, slots=True)
class Job:
    """``tick`` does one batch; ``count`` tells how much it would find: one number.

    A query, of NOW or A_MINUTE_AGO, is asked together with those of the other jobs; a function is
    for what no query tells.
    """

    name: str
    tick: Callable[[], int]
    count: Query | Asked


def nothing_due(_session: Session, _now: datetime) -> int:
    """The count of a job that keeps its own time, and that nobody waits for."""
    return 0


class Look:
    """How much some jobs would find; all their queries make one round trip.

    A look of each job for itself, after each commit, cost more than all their work.
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._asked: dict[str, Asked] = {}
        queries: dict[str, Query] = {}
        for job in jobs:
            if isinstance(job.count, Select):
                queries[job.name] = job.count
            else:
                self._asked[job.name] = job.count
        self._names = tuple(queries)
        self._query = select(*(query.scalar_subquery() for query in queries.values()))

    def found(self, session: Session, now: datetime) -> Mapping[str, int]:
        """How much each would find now, by its name."""
        counts = {name: ask(session, now) for name, ask in self._asked.items()}
        if self._names:
            moments = {NOW.key: now, A_MINUTE_AGO.key: now - MINUTE}
            row = session.execute(self._query, moments).one()
            counts |= dict(zip(self._names, row, strict=True))
        return counts


class Lookout:
    """Looks for all jobs of a service in one transaction, and wakes those that have work."""

    def __init__(
        self, database: Database, clock: Clock, look: Look, wakes: Mapping[str, Wake]
    ) -> None:
        """``wakes`` by the names of the jobs that are looked for."""
        self._database = database
        self._clock = clock
        self._look = look
        self._wakes = wakes

    def tick(self) -> int:
        """One look; it does no work itself. Where it fails every job looks for itself."""
        found: Mapping[str, int] = dict.fromkeys(self._wakes, 1)
        try:
            with self._database.transaction() as session:
                found = self._look.found(session, self._clock.now())
        finally:
            for name, wake in self._wakes.items():
                if found[name]:
                    wake.set()
        return 0
