"""Promise 1 under fire: the running process is killed fifty times in the middle of a played day."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from socket import create_server
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import select

from services.chassis.actor import Actor
from services.chassis.database import Database
from services.cli import people
from services.cli.client import Client, connect
from services.cli.day import Player
from services.cli.plan import plan_day
from services.cli.settle import settle
from services.referral_api.tables import Referral
from tests.journey.invariants import violations
from tests.journey.town import START, settings_at

KILLS: Final = 50
READY_S: Final = 60.0
LONGEST_LIFE_S: Final = 1.2
PATIENCE_S: Final = 120.0


@dataclass(slots=True)
class Process:
    """A suite in a process of its own, which can be killed and started again."""

    home: Path
    port: int
    running: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it answers, when it does."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [str(Path(sys.executable).parent / "handoff"), "up", "--demo-clock"]
        command += ["--home", str(self.home), "--port", str(self.port)]
        environ = os.environ | {"HANDOFF_LOG_LEVEL": "critical"}
        environ |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(self.home / "pyc")}
        self.running = subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ
        )
        until = time.monotonic() + READY_S
        while not self._is_ready():
            assert self.running.poll() is None, "it ended by itself"
            assert time.monotonic() < until, "not ready in time"

    def kill(self) -> int:
        """SIGKILL; returns what the process ended with."""
        assert self.running is not None
        self.running.send_signal(signal.SIGKILL)
        return self.running.wait()

    def stop(self) -> int:
        """SIGTERM; returns what the process ended with."""
        assert self.running is not None
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(30)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/readyz", timeout=5).is_success
        except httpx.TransportError:
            threading.Event().wait(0.05)
            return False


@dataclass(slots=True)
class Witness:
    """Remembers every submission that was acknowledged."""

    connect: Callable[[Actor], Client]
    acknowledged: dict[str, str] = field(default_factory=dict)

    def client_of(self, actor: Actor) -> Client:
        """A client whose submissions are written down once they are acknowledged."""
        return WitnessedClient.of(self.connect(actor), self.acknowledged)


@dataclass(frozen=True, slots=True)
class WitnessedClient(Client):
    """Writes down the receipt of each submission."""

    acknowledged: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, client: Client, acknowledged: dict[str, str]) -> "WitnessedClient":
        """The same client, watched."""
        return cls(client.http, client.token, client.patience_s, client.pause, acknowledged)

    def post(self, path: str, body: object = None, key: str | None = None) -> Any:
        """Post, and remember what was promised."""
        answer = Client.post(self, path, body, key)
        if path == "/v1/referrals" and key is not None:
            self.acknowledged[key] = answer["referral_id"]
        return answer


@dataclass(slots=True)
class Days:
    """Plays one day after another in a thread until it is told that one more is enough."""

    client_of: Callable[[Actor], Client]
    enough: threading.Event = field(default_factory=threading.Event)
    played: int = 0
    failure: BaseException | None = None

    def play(self) -> None:
        """Play whole days; the last one is played to its end."""
        try:
            while not (self.enough.is_set() and self.played):
                start = START + timedelta(days=2 * self.played)
                plan = plan_day(seed=self.played, start=start)
                Player(plan, self.client_of, bound_s=PATIENCE_S).play()
                self.played += 1
        except BaseException as error:
            self.failure = error
            raise


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """A process on a folder and port of its own."""
    with create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    return Process(tmp_path / "home", port)


def test_a_day_played_through_fifty_kills_is_finished_and_whole(process: Process) -> None:
    process.start()
    sign_in = people.sign_in(settings_at(process.home))
    with ExitStack() as opened:

        def client(actor: Actor) -> Client:
            made = connect(process.address, sign_in(actor), PATIENCE_S)
            opened.callback(made.close)
            return made

        _await_city(client(people.ADMIN))
        witness = Witness(client)
        codes = _kill_while(Days(witness.client_of), process)
        settle(client(people.ADMIN))
    assert codes == [-signal.SIGKILL] * KILLS
    assert process.stop() == 0
    assert violations(process.home) == []
    assert set(witness.acknowledged.values()) == _kept(process.home)


def _await_city(admin: Client) -> None:
    """Wait until the process, ready before that, has loaded the city; the directory comes last."""
    until = time.monotonic() + READY_S
    while not admin.get("/v1/programs", limit=1)["items"]:
        assert time.monotonic() < until, "no city in time"
        threading.Event().wait(0.05)


def _kill_while(days: Days, process: Process) -> list[int]:
    """Kill and restart the process while days are played; returns what it ended with each time."""
    player = threading.Thread(target=days.play)
    player.start()
    rng = Random(50)  # noqa: S311 - moments to kill at
    codes = []
    for _ in range(KILLS):
        player.join(rng.uniform(0.05, LONGEST_LIFE_S))
        codes.append(process.kill())
        process.start()
    days.enough.set()
    player.join(300)
    assert not player.is_alive()
    assert days.failure is None
    return codes


def _kept(home: Path) -> set[str]:
    database = Database(f"sqlite:///{home / 'data' / 'referral_api.sqlite'}")
    with database.transaction() as session:
        found = {str(ident) for ident in session.scalars(select(Referral.id))}
    database.close()
    return found
