"""Time in: the decider's turns, pauses that are over, and forgetting of old idempotency keys."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from services.chassis import idempotency
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.jobs import Job, nothing_due
from services.matcher.domain.capacity_policy import Policy
from services.matcher.store import halts, requests
from services.matcher.store.journal import take_turn
from services.matcher.usecases.decide_requests import decide_requests
from services.matcher.usecases.halt import resume_over
from services.matcher.usecases.hear_silence import SELF

KEEP_KEYS: Final = timedelta(days=7)
PRUNE_EVERY: Final = timedelta(hours=1)
RESUME_BATCH: Final = 50


def decider(database: Database, clock: Clock, policy: Policy) -> Job:
    """Answers what is due, a batch each tick; an idle tick takes no turn and writes nothing."""

    def count(session: Session, _now: datetime) -> int:
        return requests.count_due(session)

    def tick() -> int:
        with database.transaction() as session:
            if not requests.count_due(session):
                return 0
            take_turn(session)
            return decide_requests(session, clock.now(), policy)

    return Job("decide", tick, count)


def resumer(database: Database, clock: Clock) -> Job:
    """Ends the pauses whose time is over, a batch each tick."""

    def tick() -> int:
        with database.transaction() as session:
            if not halts.count_over(session, clock.now()):
                return 0
            take_turn(session)
            return resume_over(session, clock.now(), SELF, RESUME_BATCH)

    return Job("resume", tick, halts.count_over)


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
