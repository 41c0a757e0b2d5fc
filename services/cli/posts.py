"""The processes of the production column on one machine: their ports, commands and settings."""

import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.topics import Service
from services.chassis.kafka.settings import KafkaSettings
from services.chassis.settings import KEY_STORE, PREFIX, STORES, Settings
from services.cli import settings
from services.cli.duties import PURPOSES, Duty
from services.local_servers.ports import HOST, free_ports
from services.local_servers.process import Program, ServerProcess
from services.notifier import settings as notifier

# A worker finishes its batch and a web process its requests; longer than they take for it.
GRACE_S: Final = 40.0
_HANDOFF: Final = (sys.executable, "-c", "from services.cli.main import main; main()")
_GUNICORN: Final = (sys.executable, "-m", "gunicorn", "-c", "python:services.chassis.gunicorn")


_ONLY: Final = {Duty.RELAY: ("relay",), Duty.WORKER: ("consumers", "jobs")}


@dataclass(frozen=True, slots=True)
class Post:
    """One process: its service, its duty and the port of its HTTP side."""

    service: Service
    duty: Duty
    port: int

    @property
    def name(self) -> str:
        """Such as ``matcher.relay``."""
        return f"{self.service}.{self.duty}"

    @property
    def purpose(self) -> str:
        """What it is for, in words."""
        return PURPOSES[self.service, self.duty]

    @property
    def readiness(self) -> str:
        """Where it says whether it is ready."""
        return f"http://{HOST}:{self.port}/readyz"

    def process(self, folder: Path, environment: Mapping[str, str]) -> ServerProcess:
        """The process, not launched; the environment is what all of them share."""
        program = Program(
            name=self.name,
            command=self._command(),
            stop_signal=signal.SIGTERM,
            grace_s=GRACE_S,
            environment=self.environment(environment),
        )
        return ServerProcess(program, folder)

    def environment(self, shared: Mapping[str, str]) -> dict[str, str]:
        """Of what all share the part that concerns this process, and its own address."""
        kept = {k: v for k, v in shared.items() if k not in self._of_others()}
        return kept | {f"{PREFIX}HOST": HOST, f"{PREFIX}PORT": str(self.port)}

    def _of_others(self) -> set[str]:
        """The addresses of the databases that are not its service's, with passwords in them."""
        stores = {self.service.value}
        if self.service is Service.REFERRAL_API:
            stores.add(KEY_STORE)
        return {f"{PREFIX}{store.upper()}_DATABASE" for store in STORES if store not in stores}

    def _command(self) -> Sequence[str]:
        if self.duty is Duty.WEB:
            return [*_GUNICORN, f"services.{self.service}.wsgi:app"]
        only = [word for task in _ONLY[self.duty] for word in ("--only", task)]
        return [*_HANDOFF, "worker", self.service.value, *only]


def shared_environment(found: Settings, brokers: KafkaSettings) -> dict[str, str]:
    """What every process finds in its environment, apart from its own port."""
    own = {
        "KAFKA_SERVERS": ",".join(brokers.servers),
        "KAFKA_REPLICATION": str(brokers.replication),
        "KAFKA_IN_SYNC": str(brokers.in_sync),
        "PROCESSES": str(found.processes),
        # The front door, which tells for whom it asks.
        "TRUSTED_PROXIES": HOST,
        "PUBLIC_URL": notifier.read(settings.address_of(found)).public_url,
        # The same after a restart of the suite, so that Kafka knows the members again at once.
        "MEMBER": "local",
    }
    return settings.environment(found, own)


def all_posts() -> list[Post]:
    """Every process of the three services, each on a free port of its own."""
    ports = free_ports(len(PURPOSES))
    return [Post(*place, port) for place, port in zip(PURPOSES, ports, strict=True)]
