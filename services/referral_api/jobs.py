"""Time in: lapses, reviews, the sweep for what slipped, and keys that nobody needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.faults import is_transient
from services.chassis.keys import PersonKeys
from services.chassis.logs import about
from services.chassis.loops import Job
from services.referral_api.store import orphans, referrals
from services.referral_api.usecases.lapse import lapse
from services.referral_api.usecases.lifecycle import Command, Desk, load_free
from services.referral_api.usecases.mend import mend
from services.referral_api.usecases.review import review

log = structlog.get_logger()

BATCH: Final = 100
SWEEP_EVERY: Final = timedelta(minutes=5)
CLEAR_EVERY: Final = timedelta(hours=1)
# Far longer than any request lives: by then its referral is committed, or never will be.
ORPHAN_AFTER: Final = timedelta(hours=1)
ORPHAN_BATCH: Final = 500

Find = Callable[[Session, datetime, int], Sequence[UUID]]
Count = Callable[[Session, datetime], int]


@dataclass(frozen=True, slots=True)
class Timers:
    """What the jobs run on."""

    database: Database
    clock: Clock
    desk: Desk


def jobs(timers: Timers, keys: PersonKeys, key_store: Database) -> list[Job]:
    """Every job of this service."""
    sweep = Pause(timers.clock, SWEEP_EVERY)
    clear = Pause(timers.clock, CLEAR_EVERY)
    clearing = Clearing(timers, keys, key_store)
    return [
        _timer("lapses", timers, referrals.with_due_offers, referrals.count_due_offers, lapse),
        _timer("reviews", timers, referrals.due_reviews, referrals.count_due_reviews, review),
        Job("sweep", lambda: sweep.then(lambda: _sweep(timers)), _nothing_due),
        Job("clearing", lambda: clear.then(clearing.tick), _nothing_due),
    ]


class Pause:
    """Lets work run at most once in a while; while there is more to do, at once again."""

    def __init__(self, clock: Clock, every: timedelta) -> None:
        self._clock = clock
        self._every = every
        self._next: datetime | None = None

    def then(self, work: Callable[[], int]) -> int:
        """Do the work if its time has come; returns how much it did."""
        now = self._clock.now()
        if self._next is not None and now < self._next:
            return 0
        done = work()
        if not done:
            self._next = now + self._every
        return done


@dataclass(slots=True)
class Clearing:
    """Destroys the keys of persons whose referral was never committed."""

    timers: Timers
    keys: PersonKeys
    key_store: Database
    _seen: str = field(default="")

    def tick(self) -> int:
        """One batch; returns how many person keys were looked at."""
        now = self.timers.clock.now()
        before = now - ORPHAN_AFTER
        persons = orphans.keys_after(self.key_store, self._seen, before, ORPHAN_BATCH)
        if not persons:
            return 0
        with self.timers.database.transaction() as session:
            kept = referrals.existing(session, [UUID(person) for person in persons])
        for person in persons:
            if UUID(person) not in kept and self.keys.destroy(person):
                log.info("orphan_key_destroyed", referral_id=person)
        self._seen = persons[-1]
        return len(persons)


def _timer(
    name: str, timers: Timers, find: Find, count: Count, act: Callable[[Command], int]
) -> Job:
    """A job that acts on every referral whose time has come, a batch in one transaction."""

    def tick() -> int:
        with timers.database.transaction() as session:
            ids = find(session, timers.clock.now(), BATCH)
        return _act(timers, sorted(set(ids)), act)

    def due() -> int:
        with timers.database.transaction() as session:
            return count(session, timers.clock.now())

    return Job(name, tick, due)


def _act(timers: Timers, ids: Sequence[UUID], act: Callable[[Command], int]) -> int:
    """All in one transaction; where that fails, one by one, so that one fault stops one."""
    try:
        return _together(timers, ids, act)
    except Exception as error:  # the failing referral is found, and named, one by one
        if is_transient(error):
            raise
        return sum(_alone(timers, referral_id, act) for referral_id in ids)


def _together(timers: Timers, ids: Sequence[UUID], act: Callable[[Command], int]) -> int:
    if not ids:
        return 0
    with timers.database.transaction() as session:
        done = 0
        for command in load_free(session, timers.desk, ids, timers.clock.now):
            with about(referral_id=command.referral.id):
                done += act(command)
        return done


def _alone(timers: Timers, referral_id: UUID, act: Callable[[Command], int]) -> int:
    try:
        return _together(timers, [referral_id], act)
    except Exception as error:  # the others' timers must not stand still for it
        if is_transient(error):
            raise
        log.exception("timer_failed", referral_id=str(referral_id))
        return 0


def _sweep(timers: Timers) -> int:
    with timers.database.transaction() as session:
        ids = referrals.untended(session, BATCH)
    return _act(timers, ids, _mended)


def _mended(command: Command) -> int:
    mend(command)
    return 1


def _nothing_due() -> int:
    return 0
