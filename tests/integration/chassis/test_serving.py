"""Serving: a process asked to stop answers what is under way, and takes nothing new."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.chassis.serving import HttpServer, Stopping

PATIENCE_S = 30.0
ROOT = Path(__file__).parents[3]


class SlowApp:
    """Answers a request when it is let go."""

    def __init__(self) -> None:
        self.inside = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/slow":
            self.inside.set()
            self.go_on.wait(PATIENCE_S)
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "100000")])
        return [b"x" * 100_000]


@pytest.fixture
def app() -> SlowApp:
    """An application whose answers can be held back."""
    return SlowApp()


@pytest.fixture
def server(app: SlowApp) -> Iterator[HttpServer]:
    """A server that is answering."""
    made = HttpServer(app, "127.0.0.1", 0, 4)
    made.start()
    yield made
    app.go_on.set()


def get(server: HttpServer, path: str) -> httpx.Response:
    """One request."""
    return httpx.get(f"http://127.0.0.1:{server.port}{path}", timeout=PATIENCE_S)


def test_a_server_answers_and_an_idle_one_drains_at_once(server: HttpServer) -> None:
    assert get(server, "/").status_code == 200
    assert server.drain(PATIENCE_S)
    with pytest.raises(httpx.ConnectError):
        get(server, "/")


def test_an_idle_connection_does_not_hold_up_the_end(server: HttpServer) -> None:
    with httpx.Client(timeout=PATIENCE_S) as client:
        client.get(f"http://127.0.0.1:{server.port}/")
        assert server.drain(PATIENCE_S)


def test_a_request_under_way_is_answered_while_new_ones_are_refused(
    server: HttpServer, app: SlowApp
) -> None:
    answers: list[httpx.Response] = []
    caller = threading.Thread(target=lambda: answers.append(get(server, "/slow")))
    caller.start()
    assert app.inside.wait(PATIENCE_S)
    drained: list[bool] = []
    drain = threading.Thread(target=lambda: drained.append(server.drain(PATIENCE_S)))
    drain.start()
    refused = False
    for _ in range(10_000):
        try:
            get(server, "/")
        except httpx.TransportError:
            refused = True
            break
    assert refused
    assert not answers
    app.go_on.set()
    caller.join(PATIENCE_S)
    drain.join(PATIENCE_S)
    assert [len(answer.content) for answer in answers] == [100_000]
    assert drained == [True]


def test_a_request_that_never_ends_does_not_hold_up_the_end_for_ever(
    server: HttpServer, app: SlowApp
) -> None:
    caller = threading.Thread(target=lambda: get(server, "/slow"))
    caller.start()
    assert app.inside.wait(PATIENCE_S)
    assert not server.drain(0.1)
    app.go_on.set()
    caller.join(PATIENCE_S)


def test_stopping_is_asked_for_once_and_for_all() -> None:
    stopping = Stopping()
    assert (stopping.asked(), stopping.wait(0.0)) == (False, False)
    stopping.ask()
    assert (stopping.asked(), stopping.wait()) == (True, True)


PROGRAM = """
import sys
from services.chassis.serving import HttpServer, Stopping

def app(environ, start):
    if environ["PATH_INFO"] == "/slow":
        print("inside", flush=True)
        stopping.wait()
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"answered"]

stopping = Stopping()
stopping.on_signals()
server = HttpServer(app, "127.0.0.1", 0, 4)
server.start()
print(server.port, flush=True)
stopping.wait()
sys.exit(0 if server.drain(20.0) else 1)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_told_to_end_answers_what_is_under_way_and_ends_well(number: int) -> None:
    process = subprocess.Popen(  # noqa: S603 - this Python, this program
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    with process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        answers: list[httpx.Response] = []
        address = f"http://127.0.0.1:{port}/slow"
        caller = threading.Thread(
            target=lambda: answers.append(httpx.get(address, timeout=PATIENCE_S))
        )
        caller.start()
        assert process.stdout.readline() == "inside\n"
        process.send_signal(number)
        caller.join(PATIENCE_S)
        assert process.wait(PATIENCE_S) == 0
    assert [answer.text for answer in answers] == ["answered"]
