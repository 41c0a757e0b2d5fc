"""One kept HTTP connection, as light as can be: a client that measures must not be measured."""

import http.client
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Self
from urllib.parse import urlsplit

import orjson

from services.cli.client import ClientError

ANSWER_S: Final = 30.0
# Those in between close a connection that is idle for longer; a request could cross with that.
IDLE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: its status, 0 where none came, its body, and in a word what was wrong with it."""

    status: int
    body: Any
    fault: str | None = None


class KeptLine:
    """Asks one address, request after request, and never asks a second time."""

    def __init__(self, url: str, token: str | None = None, answer_s: float = ANSWER_S) -> None:
        """Nothing is opened before the first request; raises ClientError for what is no address."""
        self._path, self._connection = _connection(url, answer_s)
        self._headers = {"Accept": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._used = 0.0

    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Told:
        """The answer to a request, whatever it is; ``key`` is its Idempotency-Key."""
        if time.monotonic() - self._used > IDLE_S:
            self._connection.close()
        headers, sent = dict(self._headers), None
        if body is not None:
            headers["Content-Type"], sent = "application/json", orjson.dumps(body)
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            self._connection.request(method, self._path + path, sent, headers)
            answer = self._connection.getresponse()
            read = answer.read()
        except TimeoutError:
            return self._lost("no answer in time")
        except (OSError, http.client.HTTPException) as error:
            return self._lost(f"no answer ({type(error).__name__})")
        self._used = time.monotonic()
        return _told(answer.status, read)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Use as a context: closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def _lost(self, why: str) -> Told:
        self._connection.close()
        return Told(0, None, why)


def _connection(url: str, answer_s: float) -> tuple[str, http.client.HTTPConnection]:
    """The path that an address begins with, and a connection that is not open yet."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ClientError(f"{url} is no address: {error}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ClientError(f"{url} is no address: it begins with http:// or https://")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return parts.path.rstrip("/"), kind(parts.hostname, port, timeout=answer_s)


def _told(status: int, read: bytes) -> Told:
    fault = None if status < HTTPStatus.BAD_REQUEST else str(status)
    try:
        return Told(status, orjson.loads(read) if read else None, fault)
    except orjson.JSONDecodeError:
        return Told(status, None, fault or "not JSON")
