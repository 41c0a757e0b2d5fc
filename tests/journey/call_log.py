"""What each client called and what came of it: a line of JSON for each, in the order of events.

A call is *invoked*, and ends *ok*, as a *fail* (the suite said no) or *unknown*: no answer came, or
one by which nobody can tell whether it was done.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

import httpx

# What a line tells of an answer beside its status; never a word of a person.
TOLD: Final = ("referral_id", "offer_id")


class Said(StrEnum):
    """What a line says."""

    INVOKE = "invoke"
    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Done:
    """A call with the numbers of its lines; ``told`` are the ids of its answer."""

    invoked: int
    ended: int
    method: str
    path: str
    key: str | None
    said: Said
    status: int
    told: dict[str, str]


class CallLog:
    """The file; any thread may write."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("x", buffering=1, encoding="utf-8")
        self._turn = threading.Lock()
        self._calls = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def invoke(self, who: str, request: httpx.Request) -> int:
        """Write that a request is about to be sent; returns its number."""
        with self._turn:
            call = next(self._calls)
            self._write(
                call=call,
                said=Said.INVOKE,
                who=who,
                method=request.method,
                path=request.url.path,
                key=request.headers.get("Idempotency-Key"),
            )
        return call

    def end(
        self, call: int, said: Said, status: int = 0, told: dict[str, str] | None = None
    ) -> None:
        """Write what came of it."""
        with self._turn:
            self._write(call=call, said=said, status=status, **(told or {}))

    def _write(self, **line: Any) -> None:
        self._file.write(f"{json.dumps(line)}\n")


@dataclass(frozen=True, slots=True)
class LoggedTransport(httpx.BaseTransport):
    """Sends requests as another transport does, and writes down each try."""

    inner: httpx.BaseTransport
    log: CallLog
    who: str

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the answer is read to its end before it counts."""
        call = self.log.invoke(self.who, request)
        try:
            response = self.inner.handle_request(request)
            response.read()
        except httpx.TransportError:
            self.log.end(call, Said.UNKNOWN)
            raise
        self.log.end(call, said_by(response), response.status_code, told_by(response))
        return response

    def close(self) -> None:
        """Close the connections."""
        self.inner.close()


def said_by(response: httpx.Response) -> Said:
    """Whether the suite said yes or no; of its own faults nobody knows how far it came."""
    if response.is_success:
        return Said.OK
    return Said.UNKNOWN if response.is_server_error else Said.FAIL


def told_by(response: httpx.Response) -> dict[str, str]:
    """The ids in a successful answer about one thing."""
    body = response.json() if response.is_success and response.content else None
    found = body if isinstance(body, dict) else {}
    return {name: str(found[name]) for name in TOLD if name in found}


def calls_in(path: Path) -> Iterator[Done]:
    """Every call of a log, by when it was invoked; one without an end counts as unknown."""
    lines = list(enumerate(map(json.loads, path.read_text(encoding="utf-8").splitlines()), 1))
    ends = {line["call"]: (number, line) for number, line in lines if line["said"] != Said.INVOKE}
    for number, line in lines:
        if line["said"] == Said.INVOKE:
            ended, end = ends.get(line["call"], (len(lines) + 1, {"said": Said.UNKNOWN}))
            yield Done(
                invoked=number,
                ended=ended,
                method=line["method"],
                path=line["path"],
                key=line["key"],
                said=Said(end["said"]),
                status=end.get("status", 0),
                told={name: end[name] for name in TOLD if name in end},
            )
