"""One service, wired: its app, database, consumers, relay and jobs, and how they run as loops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import flask
import structlog

from contracts.topics import Consumer, Service, topics_of
from services.chassis import audit, held, idempotency, outbox
from services.chassis.actor import Actor
from services.chassis.clock import Clock
from services.chassis.consumer import ConsumerLoop
from services.chassis.database import Database, Wake
from services.chassis.event_log import EventLog
from services.chassis.faults import is_transient, reason_of
from services.chassis.inbox import Inbox, NotParkedError
from services.chassis.loops import Job, Loop
from services.chassis.relay import Relay

log = structlog.get_logger()

IDLE_S: Final = 0.25
HOUSEKEEPING_S: Final = 30.0
WAITS_TOO_LONG: Final = timedelta(seconds=60)
# The subject under which each service audits what its operators did.
OPERATIONS: Final = "operations"


class ParkedError(Exception):
    """A parked message fails again; the text says why, without values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What is under way in a service: all zero means settled, as of ``progress``."""

    unpublished: int
    lag: int
    waiting: int
    parked: int
    quarantined: int
    due: int
    progress: int


@dataclass(slots=True, kw_only=True)
class WiredService:
    """What ``app.py`` of a service builds; ``prefixes`` are the addresses it owns."""

    name: Service
    app: flask.Flask
    database: Database
    clock: Clock
    prefixes: Sequence[str]
    inboxes: Sequence[Inbox]
    jobs: Sequence[Job]
    checks: dict[str, Callable[[], None]] = field(default_factory=dict)
    consumers: list[ConsumerLoop] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)

    def start(self, log: EventLog) -> None:
        """Subscribe, and start one thread each for the relay, every consumer and every job."""
        relay = Relay(self.database, log, self.clock)
        wake = Wake()
        self.database.on_publish(wake.set)
        self.loops.append(Loop(f"{self.name}.relay", relay.tick, IDLE_S, wake))
        for box in self.inboxes:
            self._add_consumer(box, log)
        for job in self.jobs:
            self.loops.append(Loop(f"{self.name}.{job.name}", job.tick, IDLE_S, self._waker()))
        self.loops.append(
            Loop(f"{self.name}.housekeeping", self._keep_house, HOUSEKEEPING_S, Wake())
        )
        for loop in self.loops:
            loop.start()

    def flow(self) -> Flow:
        """Count what is under way."""
        with self.database.transaction() as session:
            counts = held.counts(session)
            unpublished = outbox.unpublished(session)
            progress = outbox.progress(session)
        return Flow(
            unpublished=unpublished,
            lag=sum(consumer.subscription.lag() for consumer in self.consumers),
            waiting=counts["waiting"],
            parked=counts["parked"],
            quarantined=counts["quarantined"],
            due=sum(job.due() for job in self.jobs),
            progress=progress,
        )

    def faults(self) -> list[str]:
        """Why the service is not ready, in words; empty when it is."""
        found = [fault for loop in self.loops if (fault := loop.fault())]
        for consumer in self.consumers:
            found += _fault_of(consumer.inbox.consumer, consumer.fault)
        for name, check in self.checks.items():
            found += _fault_of(name, check)
        return found

    def alarms(self) -> list[str]:
        """What a human should look at while the service goes on, in words."""
        with self.database.transaction() as session:
            counts, since = held.counts(session), held.oldest_waiting(session)
            late = since is not None and self.clock.now() - since > WAITS_TOO_LONG
        found = [f"a message has waited since {since} for the one before it"] if late else []
        if counts["parked"]:
            found.append(f"parked keys: {counts['parked']} (see handoff parked list)")
        if counts["quarantined"]:
            found.append(f"quarantined records: {counts['quarantined']} (see handoff parked list)")
        return found

    def redrive(self, consumer: Consumer, topic: str, key: str, actor: Actor) -> int:
        """Handle a parked key again, and audit who asked for it; returns how many were handled.

        Raises LookupError where nothing is parked there, ParkedError where it fails as before; it
        stays parked then.
        """
        box = next((b for b in self.inboxes if b.consumer == consumer), None)
        if box is None:
            raise LookupError(f"{self.name} has no consumer {consumer}")
        try:
            with self.database.transaction() as session:
                now = self.clock.now()
                handled = box.redrive(session, topic, key, now)
                detail = {"consumer": consumer, "topic": topic, "key": key, "handled": handled}
                audit.record(session, OPERATIONS, now, actor, "parked.redrive", **detail)
        except Exception as error:
            if is_transient(error) or isinstance(error, NotParkedError):
                raise
            raise ParkedError(reason_of(error)) from None
        return handled

    def republish(self, topic: str, key: str | None, actor: Actor) -> int:
        """Send a topic, or one stream of it, again, and audit it; returns how many events."""
        with self.database.transaction() as session:
            events = outbox.republish(session, topic, key)
            detail = {"topic": topic, "key": key, "events": events}
            now = self.clock.now()
            audit.record(session, OPERATIONS, now, actor, "stream.republish", **detail)
        return events

    def clock_was_set(self, actor: Actor) -> None:
        """Audit who set the clock; the entry's own time is what it was set to."""
        with self.database.transaction() as session:
            audit.record(session, OPERATIONS, self.clock.now(), actor, "clock.set")

    def close(self) -> None:
        """Leave the groups and close the database; the loops have ended before."""
        for consumer in self.consumers:
            consumer.subscription.close()
        self.database.close()

    def _keep_house(self) -> int:
        """Forget old idempotency keys, and put the alarms into the log."""
        with self.database.transaction() as session:
            idempotency.prune(session, self.clock.now() - idempotency.KEPT_FOR)
        for alarm in self.alarms():
            log.warning("alarm", service=self.name.value, alarm=alarm)
        return 0

    def _add_consumer(self, box: Inbox, log: EventLog) -> None:
        subscription = log.subscribe(box.consumer, topics_of(box.consumer), f"{box.consumer}-1")
        consumer = ConsumerLoop(box, subscription, self.database, self.clock)
        self.consumers.append(consumer)
        self.loops.append(Loop(f"{box.consumer}.consumer", consumer.tick, 0.0, Wake()))

    def _waker(self) -> Wake:
        """Jobs look again at once after a commit that changed something."""
        wake = Wake()
        self.database.on_publish(wake.set)
        return wake


def _fault_of(name: str, check: Callable[[], str | None]) -> list[str]:
    """What a check says or raises, in a list."""
    try:
        said = check()
    except Exception as error:  # noqa: BLE001 - readiness tells of whatever is wrong
        return [f"{name}: {reason_of(error)}"]
    return [said] if said else []
