"""What a benchmark stands on: a durable PostgreSQL, services wired here or as web processes."""

import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import psycopg
from sqlalchemy import make_url

from contracts.topics import Service
from contracts.vocabulary import Urgency
from services.chassis.actor import Actor
from services.chassis.platform import SIGNING, Platform, open_platform
from services.chassis.service import WiredService
from services.chassis.settings import STORES, Settings
from services.chassis.tokens import Tokens, read_keys
from services.cli import home, migrate, people, settings
from services.cli.embedded import build_services
from services.cli.load_senders import submission
from services.cli.local_stores import with_store
from services.local_servers.ports import HOST, free_ports
from services.local_servers.postgres import Postgres
from services.local_servers.process import Program, ServerProcess
from tests.journey.directory import CENTRE, directory, program

OFFICER: Final = people.officer("central")
NEED: Final = "emergency_shelter"
READY_S: Final = 60.0
LIMIT: Final = 1_000_000
PLACES: Final = 100_000
UNIT: Final = {"name": "Central", "training": False}
_PUT_OUT: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
_GUNICORN: Final = (sys.executable, "-m", "gunicorn", "-c", "python:services.chassis.gunicorn")


@dataclass(frozen=True, slots=True)
class Stage:
    """A database server with every store of the suite on it, migrated, and an officer's unit."""

    postgres: Postgres
    settings: Settings

    def wired(self) -> tuple[Platform, list[WiredService]]:
        """The services, wired in this process; close each when it is done with."""
        platform = open_platform(self.settings, Service.REFERRAL_API)
        tokens = Tokens(
            read_keys(self.settings.keys / SIGNING), self.settings.issuer, self.settings.audience
        )
        signing = replace(platform, tokens=tokens)
        return signing, build_services(signing)

    @contextmanager
    def service(self, name: Service) -> Iterator["Inside"]:
        """One service in this process, asked without a socket."""
        platform, services = self.wired()
        try:
            yield Inside(platform, next(each for each in services if each.name is name))
        finally:
            for each in services:
                each.close()

    @contextmanager
    def web(self, app: str, port: int) -> Iterator[ServerProcess]:
        """A web process as in production, serving an app by its name, once it answers."""
        own = {"HOST": HOST, "PORT": str(port), "PROCESSES": str(self.settings.processes)}
        environment = settings.environment(self.settings, own)
        command = [*_GUNICORN, app]
        described = Program(
            name=f"web-{port}",
            command=command,
            stop_signal=signal.SIGTERM,
            grace_s=READY_S,
            environment=environment,
        )
        process = ServerProcess(described, self.settings.home)
        process.launch()
        try:
            process.wait_until_ready(lambda: answers(f"http://{HOST}:{port}/readyz"), READY_S)
            yield process
        finally:
            process.stop()

    def copy(self, store: str) -> str:
        """A copy of a store for its own role, as psycopg takes it; nobody may be connected to it.

        What is written to the copy costs what it costs there.
        """
        url, copied = make_url(self.settings.database_url(store)), f"floor_{store}"
        with closing(self.superuser("postgres")) as server:
            # The clock of a service that was asked in this process leaves a connection behind.
            server.execute(_PUT_OUT, (url.database,))
            server.execute(f"CREATE DATABASE {copied} TEMPLATE {url.database}")
            server.execute(f"GRANT CONNECT ON DATABASE {copied} TO {url.username}")
        return plain(url.set(database=copied).render_as_string(hide_password=False))

    def superuser(self, database: str) -> psycopg.Connection[Any]:
        """A connection that may do everything, each statement on its own."""
        return psycopg.connect(plain(self.postgres.url(database)), autocommit=True)


@dataclass(frozen=True, slots=True)
class Inside:
    """One service in this process, and the tokens that it takes."""

    platform: Platform
    service: WiredService

    def token(self, who: Actor) -> str:
        """A fresh token."""
        return self.platform.tokens.issue(who, self.platform.clock.now())

    def call(self, who: Actor, method: str, path: str, body: object = None) -> Any:
        """The body of an answer, which must be right."""
        said = {"Authorization": f"Bearer {self.token(who)}", "Idempotency-Key": str(uuid4())}
        answer = self.service.app.test_client().open(path, method=method, json=body, headers=said)
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json


@contextmanager
def open_stage(folder: Path) -> Iterator[Stage]:
    """A stage in a folder, ended at the end."""
    found = settings_at(folder / "home")
    found.keys.mkdir(parents=True, mode=0o700)
    home.make_keys(found)
    with Postgres(folder / "postgres") as postgres:
        for store in STORES:
            found = with_store(postgres, found, store)
        list(migrate.on_servers(found, list(Service)))
        stage = Stage(postgres, found)
        furnish(stage)
        yield stage


def furnish(stage: Stage) -> None:
    """Make the officer's unit known."""
    with stage.service(Service.REFERRAL_API) as inside:
        inside.call(people.ADMIN, "PUT", "/v1/units/central", UNIT)


def settings_at(folder: Path) -> Settings:
    """Production's settings on a folder of its own, with a port of its own."""
    found = settings.read(folder)
    # The limit of requests is counted, and not reached.
    limits = replace(found.limits, of_caller=LIMIT, of_address=LIMIT)
    return replace(found, port=free_ports(1)[0], limits=limits)


def a_submission() -> dict[str, Any]:
    """Somebody who does not exist, in the middle of the town."""
    return submission(NEED, Urgency.URGENT, CENTRE)


def programs(count: int, prefix: str = "p") -> dict[str, Any]:
    """A directory of programs that all serve the need, with room for everybody as of now."""
    made = directory(
        *(
            program(f"{prefix}{n % 97}/{prefix}-{n}", need=NEED, available=PLACES)
            for n in range(count)
        )
    )
    stated = datetime.now(UTC).isoformat()
    for row in made["tables"]["service_capacity"]:
        row["updated"] = stated
    return made | {"part": True}


def answers(url: str) -> bool:
    """Whether a process says that it is ready."""
    try:
        return httpx.get(url, timeout=3, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def plain(url: str) -> str:
    """An address as psycopg takes it."""
    return url.replace("postgresql+psycopg", "postgresql")
