"""Jobs: work that time brings, and the one look that tells which of them has any."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.chassis.clock import Clock
from services.chassis.database import Database, Wake


@dataclass(frozen=True, slots=True)
class Job:
    """``tick`` does one batch; ``count`` tells in an open transaction how much it would find."""

    name: str
    tick: Callable[[], int]
    count: Callable[[Session, datetime], int]


def nothing_due(_session: Session, _now: datetime) -> int:
    """The count of a job that keeps its own time, and that nobody waits for."""
    return 0


def due(session: Session, now: datetime, jobs: Sequence[Job]) -> int:
    """How much all these jobs would find."""
    return sum(job.count(session, now) for job in jobs)


class Lookout:
    """Looks for all jobs of a service in one transaction, and wakes those that have work.

    A look for each job of its own, after each commit, cost more than all their work.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._watched: list[tuple[Job, Wake]] = []

    def watch(self, job: Job, wake: Wake) -> None:
        """Wake this whenever the job has work."""
        self._watched.append((job, wake))

    def tick(self) -> int:
        """One look; it does no work itself. Where it fails every job looks for itself."""
        found = [wake for _, wake in self._watched]
        try:
            with self._database.transaction() as session:
                now = self._clock.now()
                found = [wake for job, wake in self._watched if job.count(session, now)]
        finally:
            for wake in found:
                wake.set()
        return 0
