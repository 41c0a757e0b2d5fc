"""Time in: the decider's turns, plans, pauses that are over, and forgetting of old keys."""

from datetime import datetime, timedelta
from typing import Final

import structlog

from services.chassis import idempotency
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.failpoints import Point, reached
from services.chassis.jobs import NOW, Job, nothing_due
from services.matcher.domain.request import Answer
from services.matcher.store import halts, plans, requests
from services.matcher.store.journal import take_turn
from services.matcher.store.remembered import Remembered
from services.matcher.usecases.decide_requests import decide_requests
from services.matcher.usecases.halt import resume_over
from services.matcher.usecases.hear_silence import SELF
from services.matcher.usecases.make_plan import make_plan, put_in_force, read_task

log = structlog.get_logger()

KEEP_KEYS: Final = timedelta(days=7)
PRUNE_EVERY: Final = timedelta(hours=1)
RESUME_BATCH: Final = 50


def decider(database: Database, clock: Clock, remembered: Remembered) -> Job:
    """Answers what is due, a batch each tick; an idle tick takes no turn and writes nothing."""

    def tick() -> int:
        with database.transaction() as session:
            if not session.scalar(requests.COUNT_DUE):
                return 0
            take_turn(session)
            reached(Point.DECIDER_TURNED)
            done = decide_requests(session, clock.now(), remembered)
            reached(Point.DECIDER_DECIDED)
            return done

    return Job("decide", tick, requests.COUNT_DUE)


def planner(database: Database, clock: Clock, remembered: Remembered) -> Job:
    """Plans ahead, where the policy in force holds places back; nobody waits for it."""

    def tick() -> int:
        with database.transaction() as session:
            due = session.scalar(plans.COUNT_DUE, {NOW.key: clock.now()})
            task = read_task(session, clock.now(), remembered) if due else None
        if task is None:
            return 0
        plan = make_plan(task)
        with database.transaction() as session:
            take_turn(session)
            if not put_in_force(session, clock.now(), plan, task.policy):
                return 0
        log.info("planned", plan=plan.number, basis=plan.basis.value, held=len(plan.held))
        return 1

    return Job("plan", tick, plans.COUNT_DUE)


def releaser(database: Database, clock: Clock) -> Job:
    """Has everybody looked at again who was held back by a plan that is too old by now."""

    def tick() -> int:
        with database.transaction() as session:
            now = {NOW.key: clock.now()}
            if not session.scalar(plans.COUNT_FORSAKEN, now):
                return 0
            take_turn(session)
            return requests.wake_seeking(session, Answer.DEFERRED)

    return Job("release_held", tick, plans.COUNT_FORSAKEN)


def resumer(database: Database, clock: Clock) -> Job:
    """Ends the pauses whose time is over, a batch each tick."""

    def tick() -> int:
        with database.transaction() as session:
            if not halts.over(session, clock.now(), limit=1):
                return 0
            take_turn(session)
            return resume_over(session, clock.now(), SELF, RESUME_BATCH)

    return Job("resume", tick, halts.COUNT_OVER)


def pruner(database: Database, clock: Clock) -> Job:
    """Forgets idempotency keys after a week; looks once an hour, so nothing is ever due."""
    looked_at: datetime | None = None

    def tick() -> int:
        nonlocal looked_at
        now = clock.now()
        if looked_at is not None and now - looked_at < PRUNE_EVERY:
            return 0
        looked_at = now
        with database.transaction() as session:
            return idempotency.prune(session, now - KEEP_KEYS)

    return Job("prune_keys", tick, nothing_due)
