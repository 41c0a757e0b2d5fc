"""The front door of the local servers: one address that hands each request to its service."""

import http.client
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson
from werkzeug.http import is_hop_by_hop_header

from contracts.problems import JSON, Problem, ProblemError
from services.chassis.limits import Network, address_of
from services.chassis.serving import Wsgi

JWKS_PATH: Final = "/.well-known/jwks.json"
ANSWER_S: Final = 60.0
_OPENING: Final = "the suite is starting: send it again"
_CLOSED: Final = "this service takes no connection just now: send it again"
_BROKEN_OFF: Final = (
    "this service broke off before it answered: send it again, with the same Idempotency-Key"
)

Start = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Upstream:
    """A web process that answers on a host and port."""

    host: str
    port: int

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Hand the request on as it came, and its answer back as it comes; raises ProblemError."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_S)
        try:
            connection.connect()
        except OSError:
            raise ProblemError(Problem.UNAVAILABLE, _CLOSED) from None
        try:
            _send(connection, environ)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            raise ProblemError(Problem.UNAVAILABLE, _BROKEN_OFF) from None
        finally:
            connection.close()
        kept = [(k, v) for k, v in answer.getheaders() if not is_hop_by_hop_header(k)]
        start(f"{answer.status} {answer.reason}", kept)
        return [body]


class Front:
    """Sends each request to the service that owns its path prefix, else to operations."""

    def __init__(
        self,
        keys: Mapping[str, Any],
        beside: Mapping[str, Mapping[str, str]] | None = None,
        proxies: Sequence[Network] = (),
    ) -> None:
        """``keys`` is the public key set that every process verifies tokens with.

        ``beside``: by path prefix, what a refusal tells there beside the problem. ``proxies``: who
        stands before this door and is believed for whom it asks.
        """
        self._proxies = proxies
        self._keys = orjson.dumps(keys)
        self._beside = dict(beside or {})
        self._owners: dict[str, Upstream] = {}
        self._operations: Wsgi = _opening

    def open(self, owners: Mapping[str, Upstream], operations: Wsgi) -> None:
        """From here on requests are handed on; before, only the keys are served."""
        self._owners, self._operations = dict(owners), operations

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Serve one request."""
        path = environ.get("PATH_INFO", "")
        if path == JWKS_PATH:
            return _answer(HTTPStatus.OK, "application/json", self._keys, start)
        prefix = "/".join(path.split("/", 3)[:3])
        environ["HTTP_X_FORWARDED_FOR"] = address_of(environ, self._proxies)
        try:
            return self._owners.get(prefix, self._operations)(environ, start)
        except ProblemError as problem:
            return _refuse(problem, self._beside.get(prefix, {}), start)


def _opening(_environ: dict[str, Any], _start: Start) -> Iterable[bytes]:
    raise ProblemError(Problem.UNAVAILABLE, _OPENING)


def _refuse(problem: ProblemError, beside: Mapping[str, str], start: Start) -> Iterable[bytes]:
    """Answer with a problem that will pass."""
    body = orjson.dumps({**problem.body(), **beside})
    return _answer(HTTPStatus(problem.problem.value.status), JSON, body, start)


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
