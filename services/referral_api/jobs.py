"""Time in: lapses, reviews, consents, duplicates, what slipped, and keys to be destroyed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.failpoints import Point, reached
from services.chassis.faults import is_transient
from services.chassis.firewall import Firewall
from services.chassis.jobs import Asked, Job, Query, nothing_due
from services.chassis.keys import PersonKeys
from services.chassis.logs import about
from services.referral_api.store import (
    consents,
    directory,
    duplicates,
    leavers,
    orphans,
    referrals,
    stopped,
)
from services.referral_api.usecases.acknowledge_revocation import remind
from services.referral_api.usecases.compare import compare, outlive, put_off
from services.referral_api.usecases.erase import key_destroyed
from services.referral_api.usecases.expire_consent import expire
from services.referral_api.usecases.lapse import lapse
from services.referral_api.usecases.leave_stopped import hand_over_held, leave_stopped
from services.referral_api.usecases.lifecycle import Command, Desk, load_free
from services.referral_api.usecases.mend import mend
from services.referral_api.usecases.release import release
from services.referral_api.usecases.review import review
from services.referral_api.usecases.tell_refused import tell_refused, tell_units

log = structlog.get_logger()

BATCH: Final = 100
# No batch keeps its referrals locked for longer: whoever waits for one gives up after five seconds.
LONGEST_HOLD_S: Final = 1.0
SWEEP_EVERY: Final = timedelta(minutes=5)
CLEAR_EVERY: Final = timedelta(hours=1)
# Far longer than any request lives: by then its referral is committed, or never will be.
ORPHAN_AFTER: Final = timedelta(hours=1)
ORPHAN_BATCH: Final = 500

Find = Callable[[Session, datetime, int], Sequence[UUID]]
Act = Callable[[Command], int]


@dataclass(frozen=True, slots=True)
class Timers:
    """What the jobs run on; ``monotonic`` tells how long a batch has taken, in seconds."""

    database: Database
    clock: Clock
    desk: Desk
    monotonic: Callable[[], float] = time.monotonic


def jobs(timers: Timers, keys: PersonKeys, key_store: Database) -> list[Job]:
    """Every job of this service."""
    sweep = Pause(timers.clock, SWEEP_EVERY)
    clear = Pause(timers.clock, CLEAR_EVERY)
    clearing = Clearing(timers, keys, key_store)
    return [
        _timer("lapses", timers, referrals.with_due_offers, referrals.COUNT_DUE_OFFERS, lapse),
        _timer("reviews", timers, referrals.due_reviews, referrals.COUNT_DUE_REVIEWS, review),
        _timer("expiries", timers, consents.due_expiries, consents.COUNT_DUE_EXPIRIES, expire),
        _timer("revocations", timers, consents.due_reminders, consents.COUNT_DUE_REMINDERS, remind),
        _timer(
            "stranded",
            timers,
            stopped.with_stranded_offers,
            stopped.COUNT_STRANDED,
            leave_stopped,
        ),
        _timer(
            "left",
            timers,
            stopped.with_closed_holder,
            stopped.COUNT_LEFT,
            hand_over_held,
        ),
        _timer("leavers", timers, leavers.still_held, leavers.count_still_held, release),
        _comparing(timers),
        _timer("outlived", timers, duplicates.outlived, duplicates.COUNT_OUTLIVED, outlive),
        Erasing(timers, keys).job(),
        _units(timers),
        Firewall(timers.database, timers.clock).job(tell_refused),
        Job("sweep", lambda: sweep.then(lambda: _sweep(timers)), nothing_due),
        Job("clearing", lambda: clear.then(clearing.tick), nothing_due),
    ]


def _units(timers: Timers) -> Job:
    """The job that tells the figures of units that were added or changed."""

    def tick() -> int:
        with timers.database.transaction() as session:
            return tell_units(session, timers.clock.now())

    return Job("units", tick, directory.COUNT_UNTOLD_UNITS)


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
    """Destroys the keys of persons whose referral was never committed, or who were erased.

    The latter come back with an older copy of the key store.
    """

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


@dataclass(frozen=True, slots=True)
class Erasing:
    """Destroys the keys of persons who were erased: the commit came first, so none is forgotten."""

    timers: Timers
    keys: PersonKeys

    def job(self) -> Job:
        """The job for the service's loops."""
        return Job("erasing", self.tick, consents.COUNT_KEYS_LEFT)

    def tick(self) -> int:
        """One batch; returns how many keys were destroyed. After a crash it is done again."""
        with self.timers.database.transaction() as session:
            ids = consents.with_keys_left(session, BATCH)
        for referral_id in ids:
            self.keys.destroy(str(referral_id))
        return _act(self.timers, ids, key_destroyed)


def _timer(name: str, timers: Timers, find: Find, count: Query | Asked, act: Act) -> Job:
    """A job that acts on every referral whose time has come."""
    return Job(name, lambda: _tick(timers, find, act), count)


def _comparing(timers: Timers) -> Job:
    """The job that looks for duplicates; what fails is put off, and waits no longer at the head."""
    return Job(
        "duplicates",
        lambda: _tick(timers, duplicates.due, compare, put_off),
        duplicates.COUNT_DUE,
    )


def _tick(timers: Timers, find: Find, act: Act, failed: Act | None = None) -> int:
    """Act on a batch in one transaction; returns how much was done."""
    with timers.database.transaction() as session:
        ids = find(session, timers.clock.now(), BATCH)
    return _act(timers, sorted(set(ids)), act, failed)


def _act(timers: Timers, ids: Sequence[UUID], act: Act, failed: Act | None = None) -> int:
    """All in one transaction; where that fails, one by one, so that one fault stops one."""
    try:
        return _together(timers, ids, act)
    except Exception as error:  # the failing referral is found, and named, one by one
        if is_transient(error):
            raise
        return sum(_alone(timers, referral_id, act, failed) for referral_id in ids)


def _together(timers: Timers, ids: Sequence[UUID], act: Act) -> int:
    """Act in one transaction; what there is no time for stays due, and is of the next tick."""
    if not ids:
        return 0
    reached(Point.TIMER_FOUND)
    with timers.database.transaction() as session:
        done, until = 0, timers.monotonic() + LONGEST_HOLD_S
        for command in load_free(session, timers.desk, ids, timers.clock.now):
            with about(referral_id=command.referral.id):
                done += act(command)
            if timers.monotonic() > until:
                break
        return done


def _alone(timers: Timers, referral_id: UUID, act: Act, failed: Act | None) -> int:
    try:
        return _together(timers, [referral_id], act)
    except Exception as error:  # the others' timers must not stand still for it
        if is_transient(error):
            raise
        log.exception("timer_failed", referral_id=str(referral_id))
        return _together(timers, [referral_id], failed) if failed else 0


def _sweep(timers: Timers) -> int:
    with timers.database.transaction() as session:
        ids = referrals.untended(session, BATCH)
    return _act(timers, ids, _mended)


def _mended(command: Command) -> int:
    mend(command)
    return 1
