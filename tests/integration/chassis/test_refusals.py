"""What the web server itself refuses, over a real socket: it too is answered with a problem."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from contracts.problems import JSON
from services.chassis.database import Database
from services.chassis.http import LARGEST_BODY
from services.chassis.refusals import LARGEST_HEADERS, LARGEST_READ
from services.chassis.serving import HttpServer
from tests.ports.small_site import SmallSite

PATIENCE_S = 30.0


@pytest.fixture
def site(database: Database) -> SmallSite:
    """A service with a few routes."""
    return SmallSite(database)


@pytest.fixture
def server(site: SmallSite) -> Iterator[HttpServer]:
    """The service behind a real server."""
    made = HttpServer(site.app, "127.0.0.1", 0, 2)
    made.start()
    yield made
    assert made.drain(PATIENCE_S)


def answer(server: HttpServer, sent: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Send these very bytes; the status, headers and JSON of what comes back."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as wire:
        wire.sendall(sent)
        with wire.makefile("rb") as came:
            status = int(came.readline().split()[1])
            headers = dict(
                line.decode().strip().split(": ", 1) for line in iter(came.readline, b"\r\n")
            )
            body = came.read(int(headers["Content-Length"]))
    return status, headers, json.loads(body)


def request(body: bytes, *headers: str) -> bytes:
    """A POST with these headers beside the usual."""
    head = ["POST /v1/notes HTTP/1.1", "Host: here", "Content-Type: application/json", *headers]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def in_one_chunk(body: bytes) -> bytes:
    """A body without a length."""
    return f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"


CHUNKED = "Transfer-Encoding: chunked"
SAID_LARGER = f"Content-Length: {LARGEST_READ}"
LINE = b"GET / HTTP/1.1\r\nX: "

REFUSED = {
    "a length that is no number": (request(b"", "Content-Length: abc"), 400),
    "a negative length": (request(b"", "Content-Length: -1"), 400),
    "a length of many digits": (request(b"", f"Content-Length: {'9' * 5000}"), 400),
    "two lengths": (request(b"{}", "Content-Length: 2", "Content-Length: 3"), 400),
    "no HTTP": (b"hello\r\n\r\n", 400),
    "a header without a colon": (request(b"", "Jane Canary"), 400),
    "a chunk without a size": (request(b"Canary\r\n", CHUNKED), 400),
    "another transfer encoding": (request(b"", "Transfer-Encoding: gzip"), 400),
    "a body said to be too large": (request(b"", SAID_LARGER), 413),
    "headers too large": (LINE + b"x" * (LARGEST_HEADERS - len(LINE)), 431),
}


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_what_the_server_refuses_is_a_problem_and_repeats_nothing(
    server: HttpServer, sent: bytes, status: int
) -> None:
    said, headers, problem = answer(server, sent)
    assert (said, headers["Content-Type"], problem["status"]) == (status, JSON, status)
    assert problem["type"].startswith("/problems/")
    assert headers["Cache-Control"] == "no-store"
    assert headers["Connection"] == "close"
    assert "Canary" not in json.dumps(problem)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_a_little_too_large_is_refused_by_the_service(
    server: HttpServer, site: SmallSite, *, chunked: bool
) -> None:
    token = f"Authorization: {site.headers()['Authorization']}"
    body = b"x" * (LARGEST_BODY + 1)
    length = CHUNKED if chunked else f"Content-Length: {len(body)}"
    sent = request(in_one_chunk(body) if chunked else body, length, token)
    status, headers, problem = answer(server, sent)
    assert (status, headers["Content-Type"]) == (413, JSON)
    assert str(LARGEST_BODY) in problem["detail"]


def test_a_fault_below_the_app_is_a_problem_as_well() -> None:
    def broken(environ: dict[str, Any], start: Any) -> Any:
        del environ, start
        raise RuntimeError("Jane Canary")

    server = HttpServer(broken, "127.0.0.1", 0, 1)
    server.start()
    status, headers, problem = answer(server, request(b"", "Content-Length: 0"))
    assert server.drain(PATIENCE_S)
    assert (status, headers["Content-Type"]) == (500, JSON)
    assert "Canary" not in json.dumps(problem)
