"""Senders that mean no good: too large, too deep, too slow, too many."""

import http.client
import re
import resource
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from tests.integration.processes.stage import Process

MEGABYTE = 1024 * 1024
PATIENCE_S = 60.0
IDLE = 1000
OFFICER = Actor(subject="olu", role=Role.OFFICER, unit_id="unit-a")
PREVIEW = "POST /v1/match-previews HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
_MOST = re.compile(r"VmHWM:\s+(\d+) kB")


class Abuser:
    """Whoever sends this to a running server."""

    def __init__(self, target: Process, token: str) -> None:
        host, _, port = target.address.removeprefix("http://").partition(":")
        self._at = (host, int(port))
        self._pid = target.running.pid
        self._signed = f"{PREVIEW}Authorization: Bearer {token}\r\n"
        self._token = token

    def most_memory(self) -> float:
        """The most that any process of the server has ever had, in megabytes."""
        family = [self._pid, *(c.pid for c in psutil.Process(self._pid).children(recursive=True))]
        texts = [Path(f"/proc/{pid}/status").read_text(encoding="ascii") for pid in family]
        return max(int(found[1]) / 1024 for text in texts if (found := _MOST.search(text)))

    def send_much(self, megabytes: int, *, chunked: bool) -> int:
        """Send so much in one body, until somebody answers; the status."""
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {megabytes << 20}"
        piece = b"x" * MEGABYTE
        if chunked:
            piece = f"{MEGABYTE:x}\r\n".encode() + piece + b"\r\n"
        with socket.create_connection(self._at, PATIENCE_S) as wire:
            wire.sendall(f"{self._signed}{length}\r\n\r\n".encode())
            with suppress(ConnectionError):  # cut off, with an answer before
                for _ in range(megabytes):
                    if select.select([wire], [], [], 0)[0]:
                        break
                    wire.sendall(piece)
            return status_of(wire)

    def nest(self, depth: int) -> int:
        """Send arrays within arrays; the status."""
        return self._ask("POST", "/v1/match-previews", b"[" * depth + b"]" * depth)

    def slow(self) -> list[bytes]:
        """How requests begin whose rest never comes: in the headers, in a body, in a large one."""
        begun = (
            "GET /v1/programs HTT",
            PREVIEW,
            f"{self._signed}Content-Length: 50\r\n\r\n" + '{"need": ',
            f"{self._signed}Content-Length: 200000\r\n\r\n" + "x" * 1000,
            f"{self._signed}Transfer-Encoding: chunked\r\n\r\n" + "5\r\n",
            f"{self._signed}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n",
            # The second of two in one packet.
            "GET /livez HTTP/1.1\r\nHost: here\r\n\r\nGET /livez HTTP/1.1\r\nHost: h",
        )
        return [text.encode() for text in begun]

    @contextmanager
    def holding(self, starts: list[bytes]) -> Iterator[list[socket.socket]]:
        """Connections that have sent these beginnings, and send no more."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * IDLE)), hard))
        with ExitStack() as stack:
            wires = []
            for start in starts:
                wire = stack.enter_context(socket.create_connection(self._at, PATIENCE_S))
                wire.sendall(start)
                wires.append(wire)
            yield wires

    def others(self, times: int) -> tuple[set[int], float]:
        """How others are answered meanwhile who ask as people do, and the longest that it took."""
        found, longest = set(), 0.0
        for _ in range(times):
            for ask in (("GET", "/livez", b""), ("POST", "/v1/match-previews", b"{}")):
                began = time.monotonic()
                found.add(self._ask(*ask))
                longest = max(longest, time.monotonic() - began)
        return found, longest

    def _ask(self, method: str, path: str, body: bytes) -> int:
        connection = http.client.HTTPConnection(*self._at, timeout=PATIENCE_S)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        connection.request(method, path, body or None, headers)
        status = connection.getresponse().status
        connection.close()
        return status


def status_of(wire: socket.socket) -> int:
    """The status of what comes back; 0 where the connection ends without a word."""
    with wire.makefile("rb") as came:
        first = came.readline().split()
    return int(first[1]) if first else 0
