"""The floor of every request: a Flask route that does nothing, under the suite's own gunicorn."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import flask


class Nothing:
    """Looks to gunicorn as a service does; see services/chassis/gunicorn.py."""

    def __init__(self) -> None:
        self.draining: Callable[[], bool] = lambda: False
        self._flask = flask.Flask("nothing", static_folder=None)
        self._flask.add_url_rule("/readyz", "ready", dict)
        self._flask.add_url_rule("/v1/nothing", "nothing", _nothing, methods=["POST"])

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        return self._flask(environ, start)

    def hurry(self) -> None:
        """Nobody waits."""

    def close(self) -> None:
        """Nothing is open."""


def _nothing() -> tuple[dict[str, str], HTTPStatus]:
    return {"status": "received"}, HTTPStatus.CREATED


app = Nothing()
