"""A client of the suite's HTTP API: problems become one line, lost answers are asked for again."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import uuid4

import httpx

from contracts.problems import Problem

TIMEOUT_S: Final = 60.0
PATIENCE_S: Final = 10.0
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 1.0
PAGE: Final = 200
LONGEST_WAIT_S: Final = 60
MOST_MINUTES: Final = 5
UNAVAILABLE: Final = 503
TOO_MANY: Final = 429
_PASSING: Final = frozenset({UNAVAILABLE, TOO_MANY})
_DIGITS: Final = 4
_BUSY: Final = frozenset({Problem.KEY_BUSY.value.type})
_HOPELESS: Final = (httpx.UnsupportedProtocol, httpx.InvalidURL)


class ClientError(Exception):
    """The suite said no, or did not answer; the text is one line.

    ``status`` is the HTTP status, 0 where no answer came; ``problem`` the body of the answer.
    """

    def __init__(
        self, line: str, status: int = 0, problem: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(" ".join(line.split()))
        self.status = status
        self.problem = dict(problem or {})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that succeeded: its body, and the version that its ETag names."""

    status: int
    body: Any
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """One caller of the API.

    ``token`` is asked for each request, so that it may follow a clock. A request that found no
    listener, or was told to come again, is sent again with the same Idempotency-Key until
    ``patience_s`` seconds were waited. One beyond a limit waits for the next minute, which takes no
    patience, and for a few minutes at most.
    """

    http: httpx.Client
    token: Callable[[], str]
    patience_s: float = PATIENCE_S
    pause: Callable[[float], None] = time.sleep

    def acting(self, token: Callable[[], str]) -> "Client":
        """The same connection for another caller."""
        return Client(self.http, token, self.patience_s, self.pause)

    def get(self, path: str, **query: object) -> Any:
        """The body of a GET; raises ClientError."""
        return self.read(path, **query).body

    def read(self, path: str, **query: object) -> Reply:
        """The reply to a GET, with its version; raises ClientError."""
        given = {
            name.removesuffix("_"): str(value) for name, value in query.items() if value is not None
        }
        return self._send("GET", path, {}, params=given)

    def items(self, path: str, **query: object) -> Iterator[Any]:
        """Every item of a list, page after page; raises ClientError."""
        after: str | None = None
        while True:
            page = self.get(path, after=after, limit=PAGE, **query)
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def post(self, path: str, body: object = None, key: str | None = None) -> Any:
        """The body of a POST under its Idempotency-Key (a new one where none is given)."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        return self._send("POST", path, headers, json={} if body is None else body).body

    def put(self, path: str, body: object, version: int | None = None) -> Any:
        """The body of a PUT; ``version`` goes into If-Match."""
        return self._send("PUT", path, _if_match(version), json=body).body

    def patch(self, path: str, body: object, version: int) -> Any:
        """The body of a PATCH of the version last read."""
        return self._send("PATCH", path, _if_match(version), json=body).body

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def __enter__(self) -> Self:
        """Use as a context: closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def _send(self, method: str, path: str, headers: dict[str, str], **parts: Any) -> Reply:
        waited, pause, minutes = 0.0, FIRST_PAUSE_S, 0
        while True:
            try:
                return self._once(method, path, headers, parts)
            except _AgainError as again:
                if again.after_s and minutes < MOST_MINUTES:
                    self.pause(again.after_s)
                    minutes += 1
                    continue
                if waited >= self.patience_s:
                    raise again.error from None
            self.pause(pause)
            waited, pause = waited + pause, min(pause * 2, LONGEST_PAUSE_S)

    def _once(
        self, method: str, path: str, headers: dict[str, str], parts: dict[str, Any]
    ) -> Reply:
        signed = headers | {"Authorization": f"Bearer {self.token()}"}
        try:
            response = self.http.request(method, path, headers=signed, **parts)
        except _HOPELESS as error:
            raise ClientError(f"{self.http.base_url} is no address: {error}") from None
        except httpx.LocalProtocolError:
            raise ClientError("the token is no token: it holds what no header may") from None
        except httpx.TransportError as error:
            raise _AgainError(self._silence(error)) from None
        if response.is_success:
            return _reply(response)
        refused = refusal(response)
        if refused.status in _PASSING or refused.problem.get("type") in _BUSY:
            raise _AgainError(refused, _seconds_of(response))
        raise refused

    def _silence(self, error: httpx.TransportError) -> ClientError:
        why = str(error) or type(error).__name__
        return ClientError(
            f"no answer from {self.http.base_url} ({why}): is the suite running there?"
        )


class _AgainError(Exception):
    """Not now: the same request may be sent again, in ``after_s`` seconds where they are known."""

    def __init__(self, error: ClientError, after_s: int = 0) -> None:
        super().__init__(str(error))
        self.error = error
        self.after_s = after_s


def connect(url: str, token: Callable[[], str], patience_s: float = PATIENCE_S) -> Client:
    """A client of the suite at an address; raises ClientError for what is no address."""
    if not url.startswith(("http://", "https://")):
        raise ClientError(f"{url} is no address: it begins with http:// or https://")
    try:
        http = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False)
    except httpx.InvalidURL as error:
        raise ClientError(f"{url} is no address: {error}") from None
    return Client(http, token, patience_s)


def refusal(response: httpx.Response) -> ClientError:
    """The error of an answer that did not succeed, with the fields it names."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "detail" not in problem:
        return ClientError(
            f"{response.request.method} {response.request.url.path} was answered "
            f"{response.status_code} by something that is not Handoff",
            response.status_code,
        )
    named = "; ".join(fields_of(problem.get("errors", {})))
    line = f"{problem['detail']} ({named})" if named else str(problem["detail"])
    return ClientError(line, response.status_code, problem)


def fields_of(errors: object, name: str = "") -> list[str]:
    """``field: what would be right`` for each field of a problem, nested ones dotted."""
    if isinstance(errors, dict):
        inner = (
            fields_of(value, f"{name}.{key}" if name else str(key)) for key, value in errors.items()
        )
        return [line for lines in inner for line in lines]
    if isinstance(errors, list):
        return [line for item in errors for line in fields_of(item, name)]
    return [f"{name}: {errors}" if name else str(errors)]


def _reply(response: httpx.Response) -> Reply:
    tag = response.headers.get("ETag", "").removeprefix("W/").strip('"')
    try:
        body = response.json() if response.content else None
    except ValueError:
        raise ClientError(
            f"{response.request.url.path} was not answered in JSON: is this a suite?",
            response.status_code,
        ) from None
    return Reply(response.status_code, body, int(tag) if tag.isdecimal() else None)


def _seconds_of(response: httpx.Response) -> int:
    """When a request beyond a limit may come again; 0 where nothing in the next minute is said."""
    said = response.headers.get("Retry-After", "")
    named = response.status_code == TOO_MANY and said.isascii() and said.isdecimal()
    seconds = int(said) if named and len(said) < _DIGITS else 0
    return seconds if seconds <= LONGEST_WAIT_S else 0


def _if_match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}
