"""One service, wired: its app, database, consumers, relay and jobs, and how they run as loops."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import flask
import structlog

from contracts.topics import Consumer, Service, topics_of
from services.chassis import audit, held, idempotency, outbox, turnstile
from services.chassis.actor import Actor
from services.chassis.clock import Clock
from services.chassis.consumer import ConsumerLoop
from services.chassis.database import Database, Wake
from services.chassis.event_log import EventLog, LogUnavailableError
from services.chassis.faults import is_transient, reason_of
from services.chassis.inbox import Inbox, NotParkedError
from services.chassis.jobs import Job, Look, Lookout
from services.chassis.keyring import Keyring
from services.chassis.leader import Leader
from services.chassis.loops import Loop
from services.chassis.relay import Relay
from services.chassis.waiters import Waiters
from services.chassis.wakes import Announcer, Listener
from services.chassis.watchdog import LogWatch

log = structlog.get_logger()

# How long a loop that commits wake looks away; on servers they hear of each (see wakes.py).
IDLE_S: Final = 0.25
IDLE_ON_SERVERS_S: Final = 1.0
# A job looks by itself this seldom: the look-out wakes it when it has work.
UNASKED_S: Final = 5.0
LOOK_S: Final = 5.0
HOUSEKEEPING_S: Final = 30.0
WAITS_TOO_LONG: Final = timedelta(seconds=60)
# The subject under which each service audits what its operators did.
OPERATIONS: Final = "operations"


class Task(StrEnum):
    """What a process of a service may do, beside answering requests."""

    RELAY = "relay"
    CONSUMERS = "consumers"
    JOBS = "jobs"


class ParkedError(Exception):
    """A parked message fails again; the text says why, without values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What is under way in a service: all zero means settled, as of ``progress``.

    ``lag`` is None where this process cannot ask the event log.
    """

    unpublished: int
    lag: int | None
    waiting: int
    parked: int
    quarantined: int
    due: int
    progress: int


@dataclass(slots=True, kw_only=True)
class WiredService:
    """What ``app.py`` of a service builds; ``prefixes`` are the addresses it owns.

    ``stores`` are databases beside its own, closed with it; ``keyring`` is of the service that has
    the key store, ``waiters`` of the one whose requests may wait.
    """

    name: Service
    app: flask.Flask
    database: Database
    clock: Clock
    prefixes: Sequence[str]
    inboxes: Sequence[Inbox]
    jobs: Sequence[Job]
    stores: Sequence[Database] = ()
    checks: dict[str, Callable[[], str | None]] = field(default_factory=dict)
    keyring: Keyring | None = None
    waiters: Waiters | None = None
    consumers: list[ConsumerLoop] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    _log: EventLog | None = None
    _watch: LogWatch | None = None
    _announcer: Announcer | None = None
    _listener: Listener | None = None
    _leaders: list[Leader] = field(default_factory=list)
    _wakes: list[Wake] = field(default_factory=list)
    look: Look = field(init=False)

    def __post_init__(self) -> None:
        self.look = Look(self.jobs)

    def announce(self) -> None:
        """Wake the loops of other processes after commits; call it in the process that serves."""
        if self.database.on_postgres and self._announcer is None:
            self._announcer = Announcer(self.database)
            self.database.on_publish(self._announcer.announce)

    def watch(self, log: EventLog) -> None:
        """Let ``flow`` ask the log for the lag; no loop starts and no group is joined."""
        self.announce()
        self._log = log

    def start(
        self, log: EventLog, tasks: Collection[Task] = tuple(Task), member: str = "1"
    ) -> None:
        """Start the loops of these tasks: relay, one for each consumer, one for each job.

        Any number of processes may: of relays and of jobs one acts, the others stand by.
        ``member`` tells this process apart within its consumer groups, after a restart too.
        """
        self.watch(log)
        if Task.RELAY in tasks:
            relay = Relay(self.database, log, self.clock)
            self._add_woken(f"{self.name}.relay", self._led("relay").only(relay.tick))
        if Task.JOBS in tasks:
            self._add_jobs()
        if Task.CONSUMERS in tasks:
            self._add_consumers(log, member)
        self._watch = LogWatch(log.ping, [c.watchdog for c in self.consumers])
        if not self.database.on_postgres:
            self._watch.tick()  # the embedded log answers at once, so the suite is ready at once
        self.loops.append(Loop(f"{self.name}.event_log", self._watch.tick, LOOK_S, Wake()))
        for loop in self.loops:
            loop.start()
        self._listen()

    def flow(self) -> Flow:
        """Count what is under way, asking the log now."""
        return self._counted(self._ask_lag() if self._log is not None else None)

    def due(self, job: str) -> int:
        """How much one of the jobs would find now."""
        look = Look(one for one in self.jobs if one.name == job)
        with self.database.transaction() as session:
            return look.found(session, self.clock.now()).get(job, 0)

    def flow_lately(self) -> Flow:
        """Count what is under way, with the lag that the consumers here last saw: no wait."""
        return self.flow() if self._watch is None else self._counted(self._watch.lag)

    def faults(self) -> list[str]:
        """Why the service is not ready, in words; empty when it is."""
        found = [fault for loop in self.loops if (fault := loop.fault())]
        found += [fault for consumer in self.consumers if (fault := consumer.fault())]
        if self._watch is not None and (unknown := self._watch.fault()):
            found.append(unknown)
        for name, check in self.checks.items():
            found += _fault_of(name, check)
        return found

    def stuck(self) -> list[str]:
        """What only another process mends: loops that ended or hang, consumers that stand still.

        A database or a log that is away is no such thing: the loops go on when it is back.
        """
        found = [fault for loop in self.loops if (fault := loop.stuck())]
        return found + [fault for consumer in self.consumers if (fault := consumer.fault())]

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

    def operated(self, actor: Actor, action: str, **detail: Any) -> None:
        """Audit what an operator did beside the database; ``clock.set`` bears the time it set."""
        with self.database.transaction() as session:
            audit.record(session, OPERATIONS, self.clock.now(), actor, action, **detail)

    def hurry(self) -> None:
        """Let no request wait any longer: the process drains."""
        if self.waiters is not None:
            self.waiters.hurry()

    def close(self) -> None:
        """Let others lead, leave the groups, close the databases; the loops have ended before."""
        for leader in self._leaders:
            leader.resign()
        for wakes in (self._listener, self._announcer, self.waiters):
            if wakes is not None:
                wakes.stop()
        for consumer in self.consumers:
            consumer.subscription.close()
        for database in (self.database, *self.stores):
            database.close()

    def _counted(self, lag: int | None) -> Flow:
        with self.database.transaction() as session:
            counts = held.counts(session)
            unpublished = outbox.unpublished(session)
            progress = outbox.progress(session)
            waiting_for_jobs = sum(self.look.found(session, self.clock.now()).values())
        return Flow(
            unpublished=unpublished,
            lag=lag,
            waiting=counts["waiting"],
            parked=counts["parked"],
            quarantined=counts["quarantined"],
            due=waiting_for_jobs,
            progress=progress,
        )

    def _ask_lag(self) -> int:
        """Records that the groups of this service have not committed; raises."""
        if self._log is None:
            raise LogUnavailableError("this process has no way to the event log")
        groups = [box.consumer for box in self.inboxes]
        return sum(self._log.lag(group, topics_of(group)) for group in groups)

    def _keep_house(self) -> int:
        """Forget old idempotency keys and counts, and put the alarms into the log."""
        with self.database.transaction() as session:
            now = self.clock.now()
            idempotency.prune(session, now - idempotency.KEPT_FOR)
            turnstile.prune(session, now)
        for alarm in self.alarms():
            log.warning("alarm", service=self.name.value, alarm=alarm)
        return 0

    def _add_jobs(self) -> None:
        leader = self._led("jobs")
        wakes = {job.name: Wake() for job in self.jobs}
        for job in self.jobs:
            tick = leader.only(job.tick)
            self.loops.append(Loop(f"{self.name}.{job.name}", tick, UNASKED_S, wakes[job.name]))
        lookout = Lookout(self.database, self.clock, self.look, wakes)
        self._add_woken(f"{self.name}.lookout", leader.only(lookout.tick))
        house = leader.only(self._keep_house)
        self.loops.append(Loop(f"{self.name}.housekeeping", house, HOUSEKEEPING_S, Wake()))

    def _add_consumers(self, log: EventLog, member: str) -> None:
        for box in self.inboxes:
            group = box.consumer
            subscription = log.subscribe(group, topics_of(group), f"{group}-{member}")
            consumer = ConsumerLoop(box, subscription, self.database, self.clock)
            self.consumers.append(consumer)
            self.loops.append(Loop(f"{group}.consumer", consumer.tick, 0.0, Wake()))

    def _listen(self) -> None:
        """Hear of the commits of other processes, where loops of this one wait for them."""
        if self.database.on_postgres and self._wakes:
            self._listener = Listener(self.database, self._wakes)
            self._listener.start()

    def _add_woken(self, name: str, tick: Callable[[], int]) -> None:
        """A loop that looks again at once after a commit that changed something."""
        wake = Wake()
        self.database.on_publish(wake.set)
        self._wakes.append(wake)
        idle_s = IDLE_ON_SERVERS_S if self.database.on_postgres else IDLE_S
        self.loops.append(Loop(name, tick, idle_s, wake))

    def _led(self, task: str) -> Leader:
        leader = Leader(self.database, task)
        self._leaders.append(leader)
        return leader


def _fault_of(name: str, check: Callable[[], str | None]) -> list[str]:
    """What a check says or raises, in a list."""
    try:
        said = check()
    except Exception as error:  # noqa: BLE001 - readiness tells of whatever is wrong
        return [f"{name}: {reason_of(error)}"]
    return [said] if said else []
