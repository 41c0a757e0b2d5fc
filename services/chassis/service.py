"""One service, wired: its app, database, consumers, relay and jobs, and how they run as loops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import flask

from contracts.topics import Consumer, Service, topics_of
from services.chassis import inbox, outbox
from services.chassis.clock import Clock
from services.chassis.consumer import ConsumerLoop
from services.chassis.database import Database, Wake
from services.chassis.event_log import EventLog
from services.chassis.inbox import Inbox
from services.chassis.loops import Job, Loop
from services.chassis.relay import Relay

IDLE_S: Final = 0.25


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
            self.loops.append(
                Loop(f"{self.name}.{job.name}", job.tick, IDLE_S, self._waker())
            )
        for loop in self.loops:
            loop.start()

    def flow(self) -> Flow:
        """Count what is under way."""
        with self.database.transaction() as session:
            held = inbox.held(session)
            unpublished = outbox.unpublished(session)
            progress = outbox.progress(session) + inbox.progress(session)
        return Flow(
            unpublished=unpublished,
            lag=sum(consumer.subscription.lag() for consumer in self.consumers),
            waiting=held["waiting"],
            parked=held["parked"],
            quarantined=held["quarantined"],
            due=sum(job.due() for job in self.jobs),
            progress=progress,
        )

    def faults(self) -> list[str]:
        """Why the service is not ready, in words; empty when it is."""
        found = [fault for loop in self.loops if (fault := loop.fault())]
        for name, check in self.checks.items():
            try:
                check()
            except Exception as error:  # whatever is wrong, readiness says so
                found.append(f"{name}: {type(error).__name__}")
        return found

    def redrive(self, consumer: Consumer, topic: str, key: str, now: datetime) -> int:
        """Handle a parked key again; raises LookupError where nothing is parked there."""
        box = next((b for b in self.inboxes if b.consumer == consumer), None)
        if box is None:
            raise LookupError(f"{self.name} has no consumer {consumer}")
        with self.database.transaction() as session:
            return box.redrive(session, topic, key, now)

    def close(self) -> None:
        """Leave the groups and close the database; the loops have ended before."""
        for consumer in self.consumers:
            consumer.subscription.close()
        self.database.close()

    def _add_consumer(self, box: Inbox, log: EventLog) -> None:
        subscription = log.subscribe(
            box.consumer, topics_of(box.consumer), f"{box.consumer}-1"
        )
        consumer = ConsumerLoop(box, subscription, self.database, self.clock)
        self.consumers.append(consumer)
        self.loops.append(Loop(f"{box.consumer}.consumer", consumer.tick, 0.0, Wake()))

    def _waker(self) -> Wake:
        """Jobs look again at once after a commit that changed something."""
        wake = Wake()
        self.database.on_publish(wake.set)
        return wake
