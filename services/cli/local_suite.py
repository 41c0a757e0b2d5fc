"""The production column on one machine: real servers, and every process of the suite on its own."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from services.chassis.jwks import public_set
from services.chassis.kafka.log import KafkaLog
from services.chassis.operations import create_operations
from services.chassis.platform import SIGNING, Platform, open_platform
from services.chassis.service import WiredService
from services.chassis.serving import Stopping
from services.chassis.settings import Settings
from services.chassis.tokens import Tokens, read_keys
from services.cli import local_home, readiness
from services.cli.access import Opened
from services.cli.crew import Crew
from services.cli.duties import Duty
from services.cli.embedded import build_services, open_server
from services.cli.front import JWKS_PATH, Front, Upstream
from services.cli.local_stores import Brokers, LocalStores, Say
from services.cli.posts import GRACE_S, Post, all_posts, shared_environment
from services.cli.settings import address_of
from services.local_servers.claim import Claim
from services.local_servers.errors import LocalServerError
from services.local_servers.kafka import Kafka
from services.local_servers.ports import HOST
from services.local_servers.postgres import Postgres
from services.local_servers.process import ServerProcess
from services.local_servers.waiting import measured
from services.matcher import settings as matcher

Result = TypeVar("Result")
STOP_S: Final = 20.0
READY_S: Final = 180.0
MATCH_PREVIEWS: Final = "/v1/match-previews"


class LocalSuite:
    """Opens a home folder and runs everything on servers of its own; ``close`` ends it cleanly.

    ``platform`` issues tokens that every process takes, and has the clock that all of them follow;
    ``services`` are wired here to look at, without a loop. They are there after ``start``.
    """

    platform: Platform

    def __init__(
        self,
        settings: Settings,
        brokers: Brokers = 1,
        say: Say = lambda _: None,
        *,
        durable: bool = True,
    ) -> None:
        """Take the folder and listen at its address; only the keys are served before ``start``.

        ``durable`` is of PostgreSQL. Raises HomeError, LocalServerError, SettingError or OSError.
        """
        self.services: list[WiredService] = []
        self.posts: dict[str, Post] = {}
        self.processes: dict[str, ServerProcess] = {}
        self.stopping = Stopping()
        self.crew = Crew(say, self.stopping.ask)
        self._say = say
        self._late: list[str] = []
        self._log: KafkaLog | None = None
        self._ending = self._take(settings)
        settings = replace(settings, port=self._web.port)
        self.settings = replace(settings, jwks_url=f"{address_of(settings)}{JWKS_PATH}")
        self._stores = LocalStores(self.settings, brokers, say, durable=durable)
        self._plan_the_end()
        self._web.start()

    @property
    def address(self) -> str:
        """Where the suite answers."""
        return address_of(self.settings)

    @property
    def kafka(self) -> Kafka:
        """The brokers, and the ways to hurt them."""
        return self._stores.kafka

    @property
    def postgres(self) -> Postgres:
        """The database server, and the ways to hurt it."""
        return self._stores.postgres

    def start(self) -> None:
        """Start servers and processes, and return when every one is ready.

        Raises LocalServerError or HomeError where one does not come up; ``close`` then ends the
        others.
        """
        opened = self._stores.open()
        self.settings = opened.settings
        self._launch(opened)
        self._look_on(opened)
        self._wait(self.posts)

    def restart(self, name: str) -> None:
        """Stop a process in good order, start it again, and wait until it is ready."""
        self.processes[name].stop()
        self.processes[name].launch()
        self._wait([name])

    def close(self) -> list[str]:
        """Take no more requests, then end all in order; returns what did not end in time."""
        self.stopping.ask()
        self._ending.close()
        return self._late

    def _take(self, settings: Settings) -> ExitStack:
        """Take the folder and the address; the stack gives the folder back."""
        with ExitStack() as taken:
            taken.callback(local_home.take(settings).release)
            self._claim = Claim(settings.home / local_home.PROCESSES)
            taken.callback(self._claim.release)
            self._signing = read_keys(settings.keys / SIGNING)
            told = {MATCH_PREVIEWS: {"crisis_line": matcher.read().crisis_line}}
            self._front = Front(public_set(self._signing), told, settings.limits.proxies)
            threads = 3 * settings.threads  # as many as the three services have together
            self._web = open_server(self._front, replace(settings, threads=threads))
            return taken.pop_all()

    def _plan_the_end(self) -> None:
        """The last one planned is the first one done."""
        self._ending.callback(self._stores.close)
        self._ending.callback(self._look_away)
        self._ending.callback(self._stop, (Duty.RELAY, Duty.WORKER))
        self._ending.callback(self._stop, (Duty.WEB,))
        self._ending.callback(self._drain)
        self._ending.callback(self.crew.stop)

    def _launch(self, opened: Opened) -> None:
        environment = shared_environment(opened.settings, opened.kafka)
        self.posts = {post.name: post for post in all_posts()}
        self._say(f"{len(self.posts)} processes start")
        self.processes = {
            name: post.process(self._claim.folder, environment) for name, post in self.posts.items()
        }
        _at_once([process.launch for process in self.processes.values()])
        for name, process in self.processes.items():
            self.crew.add(name, process)
        for name, server in self._stores.members():
            self.crew.add(name, server)
        self.crew.start()

    def _look_on(self, opened: Opened) -> None:
        """Wire the services here too, to tell of them all at one address."""
        wired = open_platform(opened.settings, next(iter(self.posts.values())).service)
        tokens = Tokens(self._signing, self.settings.issuer, self.settings.audience)
        self.platform = replace(wired, tokens=tokens)
        self._log = KafkaLog(opened.kafka)
        self.services = build_services(self.platform)
        for service in self.services:
            service.watch(self._log)
            service.checks |= {
                post.duty.value: partial(readiness.fault_of, post)
                for post in self.posts.values()
                if post.service is service.name
            }
        clock = self.platform.clock
        operations = create_operations(self.services, clock, tokens, self.stopping.asked)
        self._front.open(self._owners(), operations)

    def _look_away(self) -> None:
        for service in self.services:
            service.close()
        if self._log is not None:
            self._log.close()

    def _owners(self) -> dict[str, Upstream]:
        return {
            prefix: Upstream(HOST, self.posts[f"{service.name}.{Duty.WEB}"].port)
            for service in self.services
            for prefix in service.prefixes
        }

    def _wait(self, names: Collection[str]) -> None:
        """Return when all of these are ready; raises LocalServerError."""
        waited = [self.posts[name] for name in names]
        faults = readiness.wait(waited, READY_S, lambda: self.crew.failure is not None)
        if self.crew.failure is not None:
            raise LocalServerError(self.crew.failure)
        if faults:
            name = next(iter(faults))
            said = self.processes[name].tail()
            raise LocalServerError(f"{name} is not ready: {faults[name]}; its log ends:\n{said}")

    def _drain(self) -> None:
        if not self._web.drain(STOP_S):
            self._late.append("front door")

    def _stop(self, duties: Sequence[Duty]) -> None:
        chosen = [name for name in self.processes if self.posts[name].duty in duties]
        took = _at_once([partial(measured, self.processes[name].stop) for name in chosen])
        self._late += [
            name for name, seconds in zip(chosen, took, strict=True) if seconds >= GRACE_S
        ]


def _at_once(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Call all at the same time; what each returned, or the first error."""
    with ThreadPoolExecutor(max_workers=max(1, len(calls))) as pool:
        return list(pool.map(lambda call: call(), calls))
