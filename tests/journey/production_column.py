"""The production column: real Kafka and PostgreSQL, and a process for each task, one suite for all.

Its start takes half a minute, so journeys share it, one after another, and each finds it empty.
What a process remembers beside its database is how far it read each topic, and a topic never
shrinks; and the directory as of an entry of the journal, and no two journeys begin at one moment.
"""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.orm import Session

from contracts.codec import Message
from contracts.topics import TOPICS, Consumer, Service
from services.chassis.clock import SettableClock
from services.chassis.event_log import LogUnavailableError
from services.chassis.kafka.log import KafkaLog
from services.chassis.kafka.settings import KafkaSettings
from services.chassis.platform import Platform
from services.chassis.service import Task, WiredService
from services.chassis.settings import PREFIX, STORES, Mode
from services.cli import readiness
from services.cli.duties import Duty
from services.cli.local_stores import Brokers
from services.cli.local_suite import LocalSuite
from services.cli.posts import GRACE_S, Post, shared_environment
from services.local_servers.broker import Broker
from services.local_servers.ports import HOST, free_ports
from services.local_servers.process import Program, ServerProcess
from services.local_servers.waiting import wait_until
from tests.journey import forgetful_worker
from tests.journey.column import START, Stores
from tests.journey.embedded_column import files_in, settings_at

CALM_S: Final = 120.0
MEMBER_S: Final = 120.0
READY_S: Final = 60.0
_HANDOFF: Final = ("-c", "from services.cli.main import main; main()")
_LAWLESS: Final = text("SET LOCAL session_replication_role = replica")
_TABLES: Final = text(
    "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
    " AND tablename <> 'alembic_version' ORDER BY tablename"
)
# Of the one table whose checks a test has to break: locks on more could meet those of the loops.
_CHECKS: Final = text(
    "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)"
    " FROM pg_constraint WHERE contype = 'c' AND conrelid = to_regclass('referrals')"
)


@contextmanager
def run_production(
    home: Path, brokers: Brokers = 1, *, durable: bool = False, real_clock: bool = False
) -> Iterator["Production"]:
    """A suite on a new folder; closed at the end, and everything must end in time.

    On the real clock its processes ask the database server for the time, and nobody sets it; on
    the other one they may be told to kill themselves (see charges.py).
    """
    settings = replace(settings_at(home), failpoints=home / "failpoints")
    if real_clock:
        settings = replace(settings, mode=Mode.PRODUCTION, settable_clock=False, failpoints=None)
    suite = LocalSuite(settings, brokers, durable=durable)
    try:
        suite.start()
        with closing(KafkaLog(brokers_of(suite))) as log:
            yield Production(suite, log)
    finally:
        late = suite.close()
    assert late == [], f"did not end in time: {late}"


@dataclass(frozen=True, slots=True)
class Production:
    """The Column of one production-shaped suite."""

    suite: LocalSuite
    log: KafkaLog
    _begun: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def address(self) -> str:
        """Where the front door answers."""
        return self.suite.address

    @property
    def platform(self) -> Platform:
        """The clock that all processes follow, and tokens that they take."""
        return self.suite.platform

    @property
    def services(self) -> Sequence[WiredService]:
        """The services as they are wired at the front door."""
        return self.suite.services

    @property
    def mail(self) -> Path:
        """The folder of the letters."""
        return self._home / "mail"

    @contextmanager
    def stores(self) -> Iterator[Stores]:
        """Sessions of the superuser: no policy hides a row from them."""
        with ExitStack() as opened:
            names = (Service.REFERRAL_API, Service.MATCHER, Service.NOTIFIER)
            yield Stores(*[opened.enter_context(self._reading(name)) for name in names])

    @contextmanager
    def lawless_stores(self) -> Iterator[Stores]:
        """The same without foreign keys and checks."""
        with self.stores() as stores:
            for session in stores:
                session.execute(_LAWLESS)
                for drop in session.scalars(_CHECKS).all():
                    session.execute(text(drop))
            yield stores

    def publish(self, messages: Sequence[Message]) -> None:
        """Put messages into Kafka."""
        self.log.publish(messages)

    @contextmanager
    def forgetful(self) -> Iterator[None]:
        """A time in which the matcher's consumer asks no inbox."""
        name = f"{Service.MATCHER}.{Duty.WORKER}"
        self.suite.processes[name].stop()
        command = [forgetful_worker.__file__, "worker", Service.MATCHER]
        worker = self._process("forgetful", command, port=self.suite.posts[name].port)
        try:
            worker.launch()
            yield
        finally:
            worker.stop()
            self.suite.restart(name)

    @contextmanager
    def another_consumer(self, service: Service, member: str) -> Iterator[ServerProcess]:
        """One more process that consumes for a service, once its groups have let it in."""
        (port,) = free_ports(1)
        command = [*_HANDOFF, "worker", service, "--only", Task.CONSUMERS]
        worker = self._process(member, command, port=port, member=member)
        groups = [
            box.consumer for each in self.services if each.name is service for box in each.inboxes
        ]
        try:
            worker.launch()
            for group in groups:
                self.await_member(group, member)
            yield worker
        finally:
            worker.stop()

    @contextmanager
    def standby(self, service: Service) -> Iterator[ServerProcess]:
        """One more process that relays and minds the time for a service, once it is ready."""
        (port,) = free_ports(1)
        post = Post(service, Duty.RELAY, port)
        command = [*_HANDOFF, "worker", service, "--only", Task.RELAY, "--only", Task.JOBS]
        process = self._process(f"{service}.standby", command, port=port)
        try:
            process.launch()
            process.wait_until_ready(lambda: readiness.fault_of(post) is None, READY_S)
            yield process
        finally:
            process.stop()

    def are_ready(self, names: Sequence[str]) -> bool:
        """Whether these processes of the suite answer, and find no fault."""
        return all(readiness.fault_of(self.suite.posts[name]) is None for name in names)

    def await_member(self, group: Consumer, member: str, *, gone: bool = False) -> None:
        """Return when a group has let a member in, or has given its partitions to others."""
        name = f"{group}-{member}"

        def done() -> bool:
            found = self._members(group)
            return found is not None and (name in found) is not gone

        assert wait_until(done, MEMBER_S), f"{group} has {self._members(group)}"

    def leader(self, topic: str) -> Broker:
        """The broker that leads the first partition of a topic."""
        ((first, *_),) = [found["partitions"] for found in self._described([topic])]
        brokers = self.suite.kafka.brokers
        return next(each for each in brokers if each.node.number == first["leader_id"])

    def is_in_sync(self) -> bool:
        """Whether every partition has all its copies up to date."""
        try:
            partitions = [p for topic in self._described(list(TOPICS)) for p in topic["partitions"]]
        except LogUnavailableError:
            return False
        copies = len(self.suite.kafka.brokers)
        return all(len(partition["isr_nodes"]) == copies for partition in partitions)

    def sinks(self) -> dict[str, bytes]:
        """Every row, the write-ahead log, every record, and whatever else stands in the folder."""
        servers = self._home / "servers"
        files = {
            name: content
            for name, content in files_in(self._home).items()
            if not name.startswith("servers/")
        }
        logs = [*servers.glob("kafka/**/*.log"), *servers.glob("postgres/data/pg_wal/0*")]
        written = {str(path.relative_to(servers)): path.read_bytes() for path in logs}
        return files | written | {f"rows of {name}": self._rows(name) for name in STORES}

    @contextmanager
    def emptied(self) -> Iterator["Production"]:
        """The suite without a word in its databases or a letter in its folder, just after START."""
        assert wait_until(self._is_calm, CALM_S), f"not at rest after {CALM_S} s"
        for name in STORES:
            with self._connected(name) as connection:
                # No TRUNCATE: its locks would meet those of the loops, which look on all the time.
                connection.execute(_LAWLESS)
                for table in connection.scalars(_TABLES).all():
                    connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - a table's name
                connection.commit()
        for letter in self.mail.glob("*"):
            letter.unlink()
        self._set_clock_back()
        yield self

    @property
    def _home(self) -> Path:
        return self.suite.settings.home

    def _process(
        self, name: str, command: Sequence[str], *, port: int, member: str = "local"
    ) -> ServerProcess:
        """A process beside those of the suite, or in the place of one."""
        own = {"HOST": HOST, "PORT": str(port), "MEMBER": member}
        shared = shared_environment(self.suite.settings, brokers_of(self.suite))
        program = Program(
            name=name,
            command=[sys.executable, *command],
            stop_signal=signal.SIGTERM,
            grace_s=GRACE_S,
            environment=shared | {f"{PREFIX}{key}": value for key, value in own.items()},
        )
        return ServerProcess(program, self._home)

    def _described(self, topics: list[str]) -> Any:
        return self.log.ask(lambda admin: admin.describe_topics(topics))

    def _members(self, group: Consumer) -> set[str] | None:
        """The names of those who share the partitions of a group; None while they are sharing."""
        try:
            found = self.log.ask(lambda admin: admin.describe_groups([group.value]))[group]
        except LogUnavailableError:
            return None
        stable = found["group_state"] == "Stable"
        return {each["group_instance_id"] for each in found["members"]} if stable else None

    def _is_calm(self) -> bool:
        """Whether nothing is on its way from one service to another; what waits may be emptied."""
        try:
            flows = [service.flow() for service in self.services]
        except LogUnavailableError:
            return False
        return not any(flow.unpublished or flow.lag or flow.due for flow in flows)

    def _set_clock_back(self) -> None:
        """To START and a little; a clock goes forwards only, so its file is replaced at once."""
        draft = self._home / "clock.draft"
        SettableClock(draft).set(START + timedelta(milliseconds=next(self._begun)))
        draft.replace(self.suite.settings.clock_file)

    def _rows(self, name: str) -> bytes:
        """Every row of every table of a database as text, bytes as the characters that they are."""
        with self._connected(name) as connection:
            connection.execute(text("SET bytea_output = 'escape'"))
            tables = connection.scalars(_TABLES).all()
            rows = [
                row
                for table in tables
                for row in connection.scalars(text(f"SELECT t::text FROM {table} AS t"))  # noqa: S608 - as above
            ]
        return "\n".join(rows).encode()

    @contextmanager
    def _reading(self, name: str) -> Iterator[Session]:
        with self._connected(name) as connection, Session(connection) as session:
            yield session
            session.rollback()

    @contextmanager
    def _connected(self, name: str) -> Iterator[Connection]:
        database = make_url(self.suite.settings.database_url(name)).database
        engine = create_engine(self.suite.postgres.url(database or name), poolclass=NullPool)
        with engine.connect() as connection:
            yield connection


def brokers_of(suite: LocalSuite) -> KafkaSettings:
    """The way to the brokers of a suite."""
    copies = len(suite.kafka.brokers)
    return KafkaSettings(servers=suite.kafka.servers, replication=copies, in_sync=min(2, copies))
