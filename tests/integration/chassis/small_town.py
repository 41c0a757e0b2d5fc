"""Two wired services on one embedded log, for the tests of flow and operations."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from contracts.topics import Consumer, Service
from services.chassis import outbox
from services.chassis.database import Database
from services.chassis.embedded_log import EmbeddedLog
from services.chassis.inbox import Inbox
from services.chassis.jobs import Job
from services.chassis.loops import stop_all
from services.chassis.operations import create_operations
from services.chassis.service import WiredService
from tests.ports.samples import (
    NOON,
    TALLIES,
    Ledger,
    StillClock,
    database_at,
    tally,
)
from tests.ports.small_site import SmallSite

PATIENCE_S = 20.0


class Town:
    """Two services on one log: one publishes tallies, the other counts them."""

    def __init__(self, folder: Path) -> None:
        self.clock = StillClock()
        self.ledger = Ledger()
        self.log = EmbeddedLog(Database(f"sqlite:///{folder / 'events.sqlite'}"), self.clock.now)
        self.ticks = threading.Event()
        self.api = self.wired(Service.REFERRAL_API, folder, [])
        box = Inbox(Consumer.OUTCOMES, self.ledger.handlers)
        self.notifier = self.wired(Service.NOTIFIER, folder, [box])
        self.draining = False

    def wired(self, name: Service, folder: Path, inboxes: list[Inbox]) -> WiredService:
        """One service."""
        database = database_at(f"sqlite:///{folder / f'{name}.sqlite'}")
        self.site = SmallSite(database, self.clock)
        return WiredService(
            name=name,
            app=self.site.app,
            database=database,
            clock=self.clock,
            prefixes=["/v1/notes"],
            inboxes=inboxes,
            jobs=[Job("timers", self.tick, lambda *_: 3)],
            checks={"database": database.ping},
        )

    def tick(self) -> int:
        """The job's work."""
        self.ticks.set()
        return 0

    def client(self) -> Callable[..., TestResponse]:
        """Calls the operations app as an administrator, or as whom it is told."""
        services = [self.api, self.notifier]
        app = create_operations(
            services, self.clock, self.site.tokens, draining=lambda: self.draining
        )
        test = app.test_client()

        def call(method: str, path: str, **more: Any) -> TestResponse:
            return test.open(path, method=method, **({"headers": self.site.headers()} | more))

        return call

    def publish(self, key: str = "unit-a") -> None:
        """One tally."""
        with self.api.database.transaction() as session:
            outbox.publish(session, TALLIES, key, [tally(key)], NOON)

    def start(self) -> None:
        """Start both."""
        for service in (self.api, self.notifier):
            service.start(self.log)

    def watch(self) -> None:
        """Start no loop, but count the records that wait in the log."""
        for service in (self.api, self.notifier):
            service.watch(self.log)

    def close(self) -> list[str]:
        """Stop both; the names of those that did not stop."""
        services = (self.api, self.notifier)
        late = stop_all([loop for service in services for loop in service.loops], PATIENCE_S)
        for service in services:
            service.close()
        self.log.close()
        return late
