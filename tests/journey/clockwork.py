"""The embedded suite with nothing running by itself: it moves when told, and ends where told."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import event

from contracts.codec import Message
from contracts.topics import Service, topics_of
from services.chassis import migrations
from services.chassis.actor import Actor
from services.chassis.clock import SettableClock
from services.chassis.consumer import ConsumerLoop
from services.chassis.database import Database
from services.chassis.embedded_log import EmbeddedLog
from services.chassis.event_log import EventLog, Record, Subscription
from services.chassis.jobs import Job, nothing_due
from services.chassis.operations import create_operations
from services.chassis.platform import Platform
from services.chassis.relay import Relay
from services.chassis.service import WiredService
from services.chassis.serving import Wsgi
from services.chassis.settings import Settings
from services.chassis.web import Dispatcher
from services.cli import home
from services.cli.embedded import build_services
from services.cli.settings import address_of
from services.cli.up import logging_as_service
from tests.journey.column import START
from tests.journey.embedded_column import settings_at

# More rounds than any burst of commands ever needs: beyond, something goes round in circles.
ROUNDS: Final = 60
STORES: Final = ("data", "keys")


class End(StrEnum):
    """Where a process may end, so that the next one finds what it left half done."""

    BETWEEN = "between"
    AFTER_SENDING = "after_sending"
    BEFORE_OFFSETS = "before_offsets"


class EndedError(BaseException):
    """The process is gone: nothing that outlives a fault may outlive this."""


@dataclass(slots=True)
class FragileLog:
    """The embedded log, remembering what was sent; a process may end right after a send."""

    log: EmbeddedLog
    sent: list[Message] = field(default_factory=list)
    ends_at: End | None = None

    def publish(self, messages: Sequence[Message]) -> None:
        """Append, and end here where that was asked for."""
        self.log.publish(messages)
        self.sent += messages
        self.pass_by(End.AFTER_SENDING)

    def deliver(self, messages: Sequence[Message]) -> None:
        """Append what was sent before, as a broker may deliver it: again, late, in any order."""
        self.log.publish(messages)

    def subscribe(self, group: str, topics: Sequence[str], member: str) -> "FragileSubscription":
        """Join a group."""
        return FragileSubscription(self, self.log.subscribe(group, topics, member))

    def lag(self, group: str, topics: Sequence[str]) -> int:
        """How many records a group has not committed."""
        return self.log.lag(group, topics)

    def ping(self) -> None:
        """Raise where the log does not answer."""
        self.log.ping()

    def close(self) -> None:
        """Close the file."""
        self.log.close()

    def pass_by(self, place: End) -> None:
        """Raise EndedError where the process is to end at this place."""
        if self.ends_at is place:
            self.ends_at = None
            raise EndedError(place)


@dataclass(frozen=True, slots=True)
class FragileSubscription:
    """A member of a group; a process may end when its work is committed, and its offsets not."""

    log: FragileLog
    inner: Subscription

    def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        """The next records."""
        return self.inner.poll(max_records, seconds)

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Remember the offsets, unless the process ends here."""
        self.log.pass_by(End.BEFORE_OFFSETS)
        self.inner.commit(offsets)

    def lag(self) -> int:
        """How many records of the group are not committed."""
        return self.inner.lag()

    def owed(self) -> int:
        """Those of this member's partitions."""
        return self.inner.owed()

    def close(self) -> None:
        """Leave the group."""
        self.inner.close()


@dataclass(slots=True)
class Clockwork:
    """A suite on a home folder that is put back to how it stood once set up, as often as asked.

    Its clock is never put back: what the processes remember of the time stays true.
    """

    settings: Settings
    errors: StringIO
    platform: Platform
    lock: home.Lock
    services: list[WiredService] = field(default_factory=list)
    client: httpx.Client = field(default_factory=httpx.Client)
    _log: FragileLog | None = None
    _consumers: list[tuple[Service, ConsumerLoop]] = field(default_factory=list)
    _relays: dict[Service, Relay] = field(default_factory=dict)
    _awake: set[Service] = field(default_factory=set)
    _late: set[Service] = field(default_factory=set)

    @property
    def log(self) -> FragileLog:
        """The event log of the process that runs now."""
        assert self._log is not None
        return self._log

    @property
    def wsgi(self) -> Wsgi:
        """What answers, without a socket."""
        operations = create_operations(self.services, self.platform.clock, self.platform.tokens)
        return Dispatcher(self.services, operations)

    @property
    def address(self) -> str:
        """What links in letters begin with; nobody listens there."""
        return address_of(self.settings)

    @property
    def clock(self) -> SettableClock:
        """The clock of all processes."""
        return SettableClock(self.settings.clock_file)

    def call(self, who: Actor, method: str, path: str, body: object = None, **headers: str) -> Any:
        """One request through the door of the suite, without a socket; returns the response."""
        token = self.platform.tokens.issue(who, self.clock.now())
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named["Authorization"] = f"Bearer {token}"
        return self.client.request(method, path, json=body, headers=named)

    def get(self, who: Actor, path: str) -> Any:
        """The body of a GET that must succeed."""
        answer = self.call(who, "GET", path)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def build(self) -> None:
        """Wire the services anew, as a process does when it starts."""
        self.services = build_services(self.platform)
        for service in self.services:
            migrations.upgrade(service.database, service.name)
            self._wake_on_commit(service)
            for database in (service.database, *service.stores):
                _hurry(database)
        door = httpx.WSGITransport(self.wsgi)
        self.client = httpx.Client(transport=door, base_url="http://handoff.test")
        self._join()

    def close(self) -> None:
        """Let go of every file; what was under way is lost, as when a process is killed."""
        for service in self.services:
            service.close()
        if self._log is not None:
            self._log.close()

    def put_back(self, kept: Path) -> None:
        """Make the stores what they were when ``keep`` was called."""
        self.close()
        shutil.rmtree(self.settings.home / "mail", ignore_errors=True)
        for name in STORES:
            folder = self.settings.home / name
            for stale in folder.glob("*.sqlite*"):
                stale.unlink()
            for file in (kept / name).glob("*.sqlite"):
                shutil.copyfile(file, folder / file.name)
        self._join()

    def keep(self, kept: Path) -> None:
        """Keep a copy of the stores."""
        self.close()
        for name in STORES:
            shutil.copytree(self.settings.home / name, kept / name)
        self._join()

    def end(self, where: End, *, rebuilt: bool) -> None:
        """End the process there, or where it stands if it never comes there; start the next.

        Where nothing is ``rebuilt``, the services go on as they were wired, on files closed
        and opened: what a process knows of referrals it knows from its files.
        """
        if where is not End.BETWEEN:
            self.log.ends_at = where
            try:
                self.settle()
            except EndedError:
                self.log.ends_at = None
        sent = self.log.sent
        self.close()
        if rebuilt:
            self.build()
        else:
            self._join()
        self.log.sent += sent

    def pass_time(self, minutes: float) -> None:
        """Move the clock on; whatever is due is done when somebody settles."""
        self.clock.advance(timedelta(minutes=minutes))
        self.look_around()

    def look_around(self) -> None:
        """Let every relay and job look for something to do, as they all do now and then."""
        self._awake |= {service.name for service in self.services}
        self._late |= self._awake

    def settle(self) -> None:
        """Move until nothing moves any more."""
        for _ in range(ROUNDS):
            if not self.move(len(self.services) + len(self._consumers)):
                return
        raise AssertionError(f"not at rest after {ROUNDS} rounds")

    def move(self, parts: int, begin: int = 0) -> int:
        """Let so many parts do what they find, one after another; returns how much they did.

        A part is a consumer, or the relay and the jobs of a service, where a commit woke them.
        """
        turns = [*((name, None) for name in self._relays), *self._consumers]
        done = 0
        for number in range(begin, begin + parts):
            name, consumer = turns[number % len(turns)]
            done += self._act(name) if consumer is None else self._read(name, consumer)
        return done

    def _act(self, name: Service) -> int:
        """The jobs, again while they find something, and then the relay of what they did."""
        if name not in self._awake:
            return 0
        (service,) = (one for one in self.services if one.name is name)
        done = sum(job.tick() for job in _untold(service)) if name in self._late else 0
        while found := sum(job.tick() for job in _with_work(service)):
            done += found
        done += self._relays[name].tick()
        self._late.discard(name)
        self._awake.discard(name)
        return done

    def _read(self, name: Service, consumer: ConsumerLoop) -> int:
        if not consumer.subscription.lag():
            return 0
        self._awake.add(name)
        return consumer.tick()

    def _wake_on_commit(self, service: WiredService) -> None:
        service.database.on_publish(lambda: self._awake.add(service.name))

    def _join(self) -> None:
        """Open the event log and take part in every group, as a process that starts."""
        events = Database(self.settings.database_url(Path(home.EVENTS).stem))
        _hurry(events)
        self._log = FragileLog(EmbeddedLog(events, self.platform.clock.now))
        self._relays, self._consumers = {}, []
        for service in self.services:
            service.watch(self._log)
            self._relays[service.name] = Relay(service.database, self._log, service.clock)
            self._consumers += [(service.name, loop) for loop in _loops(service, self._log)]
        self.look_around()


def _hurry(database: Database) -> None:
    """Wait for no disk: a process that ends loses nothing that it gave to the system."""
    event.listen(
        database.engine, "connect", lambda opened, _: opened.execute("PRAGMA synchronous=OFF")
    )


def _with_work(service: WiredService) -> list[Job]:
    """The jobs that have something to do now, as the service's look-out finds them."""
    with service.database.transaction() as session:
        found = service.look.found(session, service.clock.now())
    return [job for job in service.jobs if found[job.name]]


def _untold(service: WiredService) -> list[Job]:
    """The jobs that keep their own time."""
    return [job for job in service.jobs if job.count is nothing_due]


def _loops(service: WiredService, log: EventLog) -> Iterator[ConsumerLoop]:
    for box in service.inboxes:
        group = box.consumer
        subscription = log.subscribe(group, topics_of(group), f"{group}-1")
        yield ConsumerLoop(box, subscription, service.database, service.clock)


@contextmanager
def open_clockwork(folder: Path) -> Iterator[Clockwork]:
    """A suite on a new folder, its clock at START; ``errors`` holds what it logs as one."""
    folder.mkdir(parents=True)
    settings = replace(settings_at(folder), port=8000, log_level="error")
    SettableClock(settings.clock_file).set(START)
    errors = StringIO()
    with logging_as_service(settings.log_level, errors):
        lock, platform = home.take(settings)
        works = Clockwork(settings, errors, platform, lock)
        works.build()
        try:
            yield works
        finally:
            works.close()
            lock.release()
