"""The front door of the local servers: one address that hands each request to its service."""

import http.client
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson
from werkzeug.http import is_hop_by_hop_header

from contracts.problems import JSON, Problem, ProblemError
from services.chassis.serving import Wsgi

JWKS_PATH: Final = "/.well-known/jwks.json"
ANSWER_S: Final = 60.0
_OPENING: Final = ProblemError(Problem.UNAVAILABLE, "the suite is starting: send it again")
_CLOSED: Final = ProblemError(
    Problem.UNAVAILABLE, "this service takes no connection just now: send it again"
)
_BROKEN_OFF: Final = ProblemError(
    Problem.UNAVAILABLE,
    "this service broke off before it answered: send it again, with the same Idempotency-Key",
)

Start = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Upstream:
    """A web process that answers on a host and port."""

    host: str
    port: int

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Hand the request on as it came, and its answer back as it comes."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_S)
        try:
            connection.connect()
        except OSError:
            return refuse(_CLOSED, start)
        try:
            _send(connection, environ)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return refuse(_BROKEN_OFF, start)
        finally:
            connection.close()
        kept = [(k, v) for k, v in answer.getheaders() if not is_hop_by_hop_header(k)]
        start(f"{answer.status} {answer.reason}", kept)
        return [body]


class Front:
    """Sends each request to the service that owns its path prefix, else to operations."""

    def __init__(self, keys: Mapping[str, Any]) -> None:
        """``keys`` is the public key set that every process verifies tokens with."""
        self._keys = orjson.dumps(keys)
        self._owners: dict[str, Upstream] = {}
        self._operations: Wsgi | None = None

    def open(self, owners: Mapping[str, Upstream], operations: Wsgi) -> None:
        """From here on requests are handed on; before, only the keys are served."""
        self._owners, self._operations = dict(owners), operations

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Serve one request."""
        path = environ.get("PATH_INFO", "")
        if path == JWKS_PATH:
            return _answer(HTTPStatus.OK, "application/json", self._keys, start)
        if self._operations is None:
            return refuse(_OPENING, start)
        prefix = "/".join(path.split("/", 3)[:3])
        return self._owners.get(prefix, self._operations)(environ, start)


def refuse(problem: ProblemError, start: Start) -> Iterable[bytes]:
    """Answer with a problem that will pass."""
    return _answer(
        HTTPStatus(problem.problem.value.status), JSON, orjson.dumps(problem.body()), start
    )


def _answer(status: HTTPStatus, kind: str, body: bytes, start: Start) -> Iterable[bytes]:
    again = [("Retry-After", "1")] if status is HTTPStatus.SERVICE_UNAVAILABLE else []
    start(
        f"{status.value} {status.phrase}",
        [("Content-Type", kind), ("Content-Length", str(len(body))), *again],
    )
    return [body]


def _send(connection: http.client.HTTPConnection, environ: Mapping[str, Any]) -> None:
    """The request line and headers as they came; the body has been read before (waitress)."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else None
    connection.request(
        environ["REQUEST_METHOD"], environ["REQUEST_URI"], body, dict(_headers(environ))
    )


def _headers(environ: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in environ.items():
        header = name.removeprefix("HTTP_").replace("_", "-").title()
        if name.startswith("HTTP_") and not is_hop_by_hop_header(header):
            yield header, value
    if environ.get("CONTENT_TYPE"):
        yield "Content-Type", environ["CONTENT_TYPE"]
    yield "Connection", "close"
