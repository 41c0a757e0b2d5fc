"""The whole suite on servers of its own, as in production, with programs that have room."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg

from bench.stage import NEED, OFFICER, UNIT, plain, programs, settings_at
from contracts.topics import Service
from services.chassis.actor import Actor
from services.cli import people
from services.cli.client import Client, connect
from services.cli.load_senders import Senders, Target
from services.cli.local_suite import LocalSuite
from services.cli.settle import settle
from services.local_servers.ports import HOST
from services.local_servers.waiting import wait_until
from tests.journey.directory import CENTRE

PROGRAMS: Final = 20
WAIT_S: Final = 20
PATIENCE_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Town:
    """A running suite as its users meet it, and as the machine does."""

    suite: LocalSuite

    @property
    def address(self) -> str:
        """Where referral_api answers, without the front door, which a deployment has not."""
        return f"http://{HOST}:{self.suite.posts[f'{Service.REFERRAL_API}.web'].port}"

    def token(self, who: Actor) -> str:
        """A fresh token."""
        return self.suite.platform.tokens.issue(who, self.suite.platform.clock.now())

    def client(self, who: Actor) -> Client:
        """A caller, by way of the front door."""
        return connect(self.suite.address, lambda: self.token(who))

    def senders(self, kind: str) -> Senders:
        """An officer who does one thing, again and again."""
        token = self.token(OFFICER)
        return Senders(Target(self.address, [token], NEED, CENTRE, {kind: 1.0}, WAIT_S))

    def settle(self) -> None:
        """Wait until nothing is under way."""
        with self.client(people.ADMIN) as admin:
            settle(admin, PATIENCE_S)

    def offers(self) -> int:
        """How many offers there are."""
        ((count,),) = self.rows(Service.REFERRAL_API, "SELECT count(*) FROM offers")
        return int(count)

    def await_offers(self, count: int) -> None:
        """Return when there are so many; raises RuntimeError where they do not come."""
        if not wait_until(lambda: self.offers() >= count, PATIENCE_S):
            raise RuntimeError(f"{self.offers()} of {count} offers after {PATIENCE_S:.0f} s")

    def pids(self) -> dict[str, int]:
        """Each process of the suite, and the database server."""
        found = {name: process.pid for name, process in self.suite.processes.items()}
        return found | {"postgres": self.suite.postgres.pid}

    def rows(self, store: str, query: LiteralString, values: Sequence[str] = ()) -> list[Any]:
        """The rows of a query on a store."""
        url = plain(self.suite.postgres.url(store))
        with closing(psycopg.connect(url, autocommit=True)) as server:
            return server.execute(query, values).fetchall()


@contextmanager
def open_town(folder: Path) -> Iterator[Town]:
    """A suite in a folder, furnished and at rest; ended at the end."""
    suite = LocalSuite(settings_at(folder / "home"))
    try:
        suite.start()
        town = Town(suite)
        with town.client(people.ADMIN) as admin:
            admin.put("/v1/units/central", UNIT)
            admin.post("/v1/directory/imports", programs(PROGRAMS))
        town.settle()
        yield town
    finally:
        suite.close()
