"""A stage for processes: databases and keys made ready, and ways to start, ask and end them."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
from sqlalchemy import create_engine, make_url

from contracts.vocabulary import Role
from services.chassis import migrations, roles
from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.keys import MasterKeys
from services.chassis.platform import MASTER, SIGNING
from services.chassis.settings import PREFIX, STORES
from services.chassis.tokens import Tokens, create_key_file, read_keys
from services.local_servers.ports import free_ports
from services.local_servers.postgres import Postgres
from services.local_servers.waiting import wait_until

ADMIN = Actor(subject="ada", role=Role.ADMIN)
NOWHERE = "127.0.0.1:9"  # the port for throwing away: nothing listens there
PATIENCE_S = 90.0
COMMANDS = Path(sys.executable).parent


def eventually(true: Callable[[], bool]) -> None:
    """Wait until it is true, looking now and then; on machines that are busy it takes its time."""
    assert wait_until(true, PATIENCE_S)


class Process:
    """A running program; its output stands in a file."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.address = f"http://127.0.0.1:{environment[f'{PREFIX}PORT']}"
        # A connection for each request, so that every process of a port has its share.
        self._http = httpx.Client(
            base_url=self.address, timeout=30.0, trust_env=False, headers={"Connection": "close"}
        )
        with log.open("ab") as output:
            self.running = subprocess.Popen(  # noqa: S603 - our own command
                command, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    def get(self, path: str, token: str | None = None) -> httpx.Response:
        """One request on a connection of its own."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._http.get(path, headers=headers)

    def post(self, path: str, token: str, body: object) -> httpx.Response:
        """One command, with a key of its own."""
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": secrets.token_hex(8)}
        return self._http.post(path, headers=headers, json=body)

    def put(self, path: str, token: str, body: object) -> httpx.Response:
        """Replace what stands there."""
        return self._http.put(path, headers={"Authorization": f"Bearer {token}"}, json=body)

    def status(self, path: str = "/readyz") -> int:
        """The status of an answer; 0 where there is none."""
        try:
            return self.get(path).status_code
        except httpx.TransportError:
            return 0

    def ready(self) -> "Process":
        """Wait until it says that it is."""
        eventually(lambda: self.status() == 200 or self.running.poll() is not None)
        assert self.running.poll() is None, self.said()
        return self

    def children(self) -> list[int]:
        """The processes that it has started."""
        return [child.pid for child in psutil.Process(self.running.pid).children()]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.running.send_signal(number)

    def ended(self, seconds: float = PATIENCE_S) -> int:
        """Wait for the end; the exit status."""
        return self.running.wait(seconds)

    def stop(self) -> int:
        """Ask it to end in good order; the exit status."""
        self.signal(signal.SIGTERM)
        return self.ended()

    def said(self) -> str:
        """What it has logged."""
        return self.log.read_text(encoding="utf-8")

    def end(self) -> None:
        """Leave nothing of it behind."""
        self._http.close()
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(self.running.pid).children(recursive=True)
            self.running.kill()
            for child in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        self.running.wait(10.0)


class Stage:
    """The stores of PostgreSQL with their roles and tables, keys, and settings for processes."""

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        self.folder = folder
        self._postgres = postgres
        self.databases = {store: self._store(store, postgres) for store in STORES}
        keys = folder / "keys"
        keys.mkdir()
        MasterKeys.create_file(keys / MASTER, "master-1")
        create_key_file(keys / SIGNING, "signing-1")
        self._tokens = Tokens(read_keys(keys / SIGNING), "handoff", "handoff")
        self._processes: list[Process] = []

    def token(self, actor: Actor = ADMIN) -> str:
        """A token that is good for now."""
        return self._tokens.issue(actor, datetime.now(UTC))

    def database(self, store: str) -> Database:
        """A store, as the role that serves sees it."""
        return Database(self.databases[store])

    def close_database(self, store: str) -> None:
        """Let nobody connect to a store any more."""
        name = self.databases[store].rpartition("/")[2]
        self._as_superuser(
            f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false',
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - our own name
            f"WHERE datname = '{name}'",
        )

    def open_database(self, store: str) -> None:
        """Let its roles connect to a store again."""
        name = self.databases[store].rpartition("/")[2]
        self._as_superuser(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    def _as_superuser(self, *statements: str) -> None:
        engine = create_engine(self._postgres.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    def web(
        self, service: str, config: str = "services.chassis.gunicorn", **settings: object
    ) -> Process:
        """The web process of a service, by its production command."""
        command = [
            str(COMMANDS / "gunicorn"),
            "-c",
            f"python:{config}",
            f"services.{service}.wsgi:app",
        ]
        return self.start(f"{service}.web", command, settings)

    def worker(self, service: str, *options: str, **settings: object) -> Process:
        """A worker of a service."""
        command = [str(COMMANDS / "handoff"), "worker", service, *options]
        return self.start(f"{service}.worker", command, settings)

    def start(self, name: str, command: Sequence[str], settings: Mapping[str, object]) -> Process:
        """Start a program with these settings on top of the stage's."""
        log = self.folder / f"{name}-{len(self._processes)}.log"
        process = Process(command, self.environment(settings), log)
        self._processes.append(process)
        return process

    def environment(self, settings: Mapping[str, object]) -> dict[str, str]:
        """What a process finds in its environment."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
        own = {
            "HOME": self.folder / "home",
            "KEYS": self.folder / "keys",
            "HOST": "127.0.0.1",
            "PORT": free_ports(1)[0],
            "THREADS": 4,
            # Tests ask more often than people do.
            **dict.fromkeys(("REQUESTS_A_MINUTE", "STRANGERS_A_MINUTE"), 0),
            "KAFKA_SERVERS": NOWHERE,
            "KAFKA_REPLICATION": 1,
            **{f"{store.upper()}_DATABASE": url for store, url in self.databases.items()},
            **settings,
        }
        return clean | {PREFIX + name: str(value) for name, value in own.items()}

    def close(self) -> None:
        """End whatever still runs."""
        for process in self._processes:
            process.end()

    def _store(self, store: str, postgres: Postgres) -> str:
        """A database of this stage's own, migrated, with rights for the role that serves."""
        passwords = roles.Passwords(app="app-password", owner="owner-password")
        named = f"{store}_{secrets.token_hex(4)}"
        app, owner = roles.create_store(postgres.url(), store, passwords, named)
        owning = Database(owner, connections=1)
        migrations.upgrade(owning, store)
        roles.grant(owning.engine, make_url(app).username or "")
        owning.close()
        return app
