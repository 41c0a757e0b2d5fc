"""Kafka and PostgreSQL in the folder of a suite, opened: databases, roles, schemas and topics."""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, Literal

from contracts.topics import Service
from services.chassis.kafka import settings as kafka_settings
from services.chassis.kafka import topics
from services.chassis.kafka.settings import KafkaSettings
from services.chassis.roles import Passwords, create_store
from services.chassis.settings import STORES, Settings
from services.cli import access, local_home, migrate
from services.cli.access import Opened
from services.cli.crew import Member
from services.local_servers.kafka import Kafka
from services.local_servers.postgres import Postgres

TENTHS: Final = 10

Brokers = Literal[1, 3]
Say = Callable[[str], None]


class LocalStores:
    """The servers of one home folder; their data stay in it, and outlive every restart."""

    def __init__(
        self, settings: Settings, brokers: Brokers, say: Say, *, durable: bool = True
    ) -> None:
        """Describe them; nothing runs before ``open``. See Postgres for ``durable``."""
        folder = settings.home / local_home.SERVERS
        self.kafka = Kafka(folder / "kafka", brokers, progress=_meter(say))
        self.postgres = Postgres(folder / "postgres", durable=durable)
        self._settings = settings
        self._say = say

    def open(self) -> Opened:
        """Start both at once, and bring databases and topics to what this version expects.

        Raises LocalServerError where one does not come up, HomeError where a database is not ours.
        Where the settings name servers, those are used as they are, and none is started.
        """
        given = kafka_settings.of(self._settings)
        if given is not None:
            return Opened(settings=self._settings, kafka=given)
        with ThreadPoolExecutor(max_workers=1) as pool:
            databases = pool.submit(self._open_databases)
            self.kafka.start()  # in this thread: Ctrl-C ends its first, long fetching
            kafka = self._open_topics()
            opened = Opened(settings=databases.result(), kafka=kafka)
        access.write(opened)
        return opened

    def close(self) -> None:
        """Stop both in good order."""
        self.kafka.stop()
        self.postgres.stop()

    def members(self) -> Iterator[tuple[str, Member]]:
        """The processes that run, by name, for a crew to look after."""
        for broker in self.kafka.brokers:
            yield f"kafka.{broker.node.number}", broker
        if self.postgres.pid:
            yield "postgres", self.postgres

    def _open_databases(self) -> Settings:
        self.postgres.start()
        opened = self._settings
        for store in STORES:
            opened = with_store(self.postgres, opened, store)
        lines = list(migrate.on_servers(opened, list(Service)))
        self._say("PostgreSQL is up: " + "; ".join(lines))
        return opened

    def _open_topics(self) -> KafkaSettings:
        found = access.brokers_of(self.kafka.servers, len(self.kafka.brokers))
        report = topics.apply(found)
        made = f"{len(report.created)} topics made" if report.created else "topics as before"
        self._say(f"Kafka is up: {made}")
        return found


def with_store(postgres: Postgres, settings: Settings, store: str) -> Settings:
    """The settings with one more store in them, made where it is missing; its passwords are new."""
    passwords = Passwords(app=secrets.token_urlsafe(24), owner=secrets.token_urlsafe(24))
    app, owner = create_store(postgres.url(), store, passwords)
    return replace(
        settings,
        databases={**settings.databases, store: app},
        migration_databases={**settings.migration_databases, store: owner},
    )


def _meter(say: Say) -> Callable[[int, int], None]:
    """Tells of the first fetching of Kafka, a line for every tenth."""
    told = -1

    def show(done: int, total: int) -> None:
        nonlocal told
        tenth = min(done * TENTHS // total, TENTHS)
        if tenth > told:
            told = tenth
            say(f"fetching Kafka, once: {done // 1_000_000} of about {total // 1_000_000} MB")

    return show
