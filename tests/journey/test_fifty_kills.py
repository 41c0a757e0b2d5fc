"""Promise 1 under fire: the running process is killed fifty times in the middle of a played day."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
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
from services.cli import people
from services.cli.client import Client, connect
from services.cli.day import Player
from services.cli.plan import plan_day
from services.cli.settle import settle
from services.local_servers.waiting import wait_until
from services.referral_api.tables import Referral
from tests.journey.column import START
from tests.journey.embedded_column import settings_at, stores_in
from tests.journey.invariants import violations

ROOT: Final = Path(__file__).parents[2]
KILLS: Final = 50
READY_S: Final = 60.0
LONGEST_LIFE_S: Final = 0.7
PATIENCE_S: Final = 120.0


@dataclass(slots=True)
class Process:
    """A suite in a process of its own, which can be killed and started again."""

    home: Path
    port: int
    nursery: subprocess.Popen[bytes]
    pid: int = 0

    @property
    def address(self) -> str:
        """Where it answers, when it does."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        where = ["--home", str(self.home), "--port", str(self.port)]
        self._tell(json.dumps(["up", "--demo-clock", *where]))
        self.pid = self._told()
        with httpx.Client(base_url=self.address, timeout=5) as client:
            assert wait_until(lambda: _is_ready(client), READY_S), "not ready in time"

    def end(self, how: signal.Signals) -> int:
        """Send it a signal; returns what the process ended with."""
        os.kill(self.pid, how)
        return self._told()

    def _tell(self, line: str) -> None:
        assert self.nursery.stdin is not None
        self.nursery.stdin.write(f"{line}\n".encode())
        self.nursery.stdin.flush()

    def _told(self) -> int:
        assert self.nursery.stdout is not None
        return int(self.nursery.stdout.readline())


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
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
def process(tmp_path: Path) -> Iterator[Process]:
    """A process on a folder and port of its own."""
    with create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environ = os.environ | {"HANDOFF_LOG_LEVEL": "critical"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.journey.nursery"],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as nursery:
        yield Process(tmp_path / "home", port, nursery)


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
    assert process.end(signal.SIGTERM) == 0
    with stores_in(process.home) as stores:
        assert violations(stores, process.home / "mail") == []
        kept = {str(ident) for ident in stores.referral_api.scalars(select(Referral.id))}
    assert set(witness.acknowledged.values()) == kept


def _await_city(admin: Client) -> None:
    """Wait until the process, ready before that, has loaded the city; the directory comes last."""
    loaded = wait_until(lambda: bool(admin.get("/v1/programs", limit=1)["items"]), READY_S)
    assert loaded, "no city in time"


def _kill_while(days: Days, process: Process) -> list[int]:
    """Kill and restart the process while days are played; returns what it ended with each time."""
    player = threading.Thread(target=days.play)
    player.start()
    rng = Random(50)  # noqa: S311 - moments to kill at
    codes = []
    for _ in range(KILLS):
        player.join(rng.uniform(0.05, LONGEST_LIFE_S))
        codes.append(process.end(signal.SIGKILL))
        process.start()
    days.enough.set()
    player.join(300)
    assert not player.is_alive()
    assert days.failure is None
    return codes
