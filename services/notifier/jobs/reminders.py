"""The job that brings unanswered offers to mind."""

from dataclasses import dataclass
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.jobs import Job
from services.notifier.store import reminders
from services.notifier.usecases.remind import remind

NAME: Final = "reminders"


@dataclass(frozen=True, slots=True)
class Reminders:
    """Turns timers into notices; the deliveries send them."""

    database: Database
    clock: Clock

    def job(self) -> Job:
        """The job for the service's loops."""
        return Job(NAME, self.tick, reminders.COUNT_DUE)

    def tick(self) -> int:
        """Store the notices of one batch of timers; returns how many ran out."""
        with self.database.transaction() as session:
            return remind(session, self.clock.now())
