"""Senders that mean no good get a clear answer, fill no memory, and keep nobody out."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.chassis.platform import SIGNING
from services.chassis.settings import PREFIX
from services.chassis.tokens import Tokens, read_keys
from services.local_servers.ports import free_ports
from tests.integration.processes.abuse import IDLE, OFFICER, Abuser, status_of
from tests.integration.processes.stage import Process, Stage
from tests.ports.postgres_copies import POSTGRES

EMBEDDED = """
import sys
from services.cli import settings
from services.cli.up import running
with running(settings.read()) as suite:
    suite.stopping.on_signals()
    suite.stopping.wait()
"""
THREADS = 4
# Of each kind three times as many as there are threads.
EACH = 3 * THREADS
MEGABYTES = 100
GROWS_MB = 80.0
# What is kept out waits for half a minute; all else takes milliseconds, on a busy machine a second.
SOON_S = 8.0


@pytest.fixture
def on_servers(stage: Stage) -> Abuser:
    """Against one gunicorn process of the matcher."""
    web = stage.web("matcher", PROCESSES=1, THREADS=THREADS).ready()
    return Abuser(web, stage.token(OFFICER))


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Abuser]:
    """Against the whole suite in one process."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
    own = {"HOME": tmp_path / "home", "PORT": free_ports(1)[0], "THREADS": THREADS}
    off = dict.fromkeys(("REQUESTS_A_MINUTE", "STRANGERS_A_MINUTE"), 0)
    environment = clean | {PREFIX + name: str(value) for name, value in (own | off).items()}
    suite = Process([sys.executable, "-c", EMBEDDED], environment, tmp_path / "suite.log").ready()
    tokens = Tokens(read_keys(tmp_path / "home" / "keys" / SIGNING), "handoff", "handoff")
    yield Abuser(suite, tokens.issue(OFFICER, datetime.now(UTC)))
    suite.end()


@pytest.fixture(params=["embedded", pytest.param("on_servers", marks=POSTGRES.marks)])
def abuser(request: pytest.FixtureRequest) -> Abuser:
    """Against either way to run."""
    made: Abuser = request.getfixturevalue(request.param)
    return made


def test_whatever_is_sent_others_are_served_and_memory_stays(abuser: Abuser) -> None:
    assert abuser.others(3)[0] == {200, 422}
    before = abuser.most_memory()
    for chunked in (False, True):
        assert abuser.send_much(MEGABYTES, chunked=chunked) == 413
    assert [abuser.nest(depth) for depth in (10_000, 500_000)] == [400, 400]
    with abuser.holding(abuser.slow() * EACH):
        assert_served(abuser)
    with abuser.holding([b""] * IDLE):
        assert_served(abuser)
        with abuser.holding(abuser.slow()):
            assert_served(abuser)
    assert abuser.most_memory() - before < GROWS_MB


def assert_served(abuser: Abuser) -> None:
    """Others are answered as ever, and soon."""
    found, longest = abuser.others(10)
    assert found == {200, 422}
    assert longest < SOON_S


@pytest.mark.postgres
def test_who_begins_and_does_not_end_is_told_so_and_who_says_nothing_is_not(stage: Stage) -> None:
    web = stage.web("matcher", "tests.integration.processes.hasty", PROCESSES=1).ready()
    abuser = Abuser(web, stage.token(OFFICER))
    with abuser.holding([*abuser.slow(), b""]) as wires:
        assert [status_of(wire) for wire in wires] == [408] * 5 + [100, 200, 0]
    assert abuser.others(1)[0] == {200, 422}
    assert '"exception"' not in web.said()
