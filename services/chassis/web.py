"""The web process of a service: its addresses and its operations, as a WSGI application."""

import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

import flask

from contracts.topics import Service
from services.chassis import failpoints, logs, names
from services.chassis.operations import create_operations
from services.chassis.platform import Build, open_platform
from services.chassis.service import WiredService
from services.chassis.serving import Wsgi
from services.chassis.settings import SettingError

# The status by which gunicorn knows that trying again is no use: it halts.
CANNOT_LOAD: Final = 4


class Dispatcher:
    """Sends each request to the service that owns its path prefix, else to operations."""

    def __init__(self, services: Iterable[WiredService], operations: flask.Flask) -> None:
        self._operations = operations
        self._owners = {p: service.app for service in services for p in service.prefixes}

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        path = environ.get("PATH_INFO", "")
        prefix = "/".join(path.split("/", 3)[:3])
        app = self._owners.get(prefix, self._operations)
        return app(environ, start)


class Web:
    """What a WSGI server serves; it joins no consumer group and runs no loop."""

    def __init__(self, service: WiredService, serve: Callable[[Callable[[], bool]], Wsgi]) -> None:
        """``serve`` makes the application, given what tells whether the process drains."""
        self.service = service
        self.draining: Callable[[], bool] = lambda: False
        self._serve = serve(self._drains)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        return self._serve(environ, start)

    def hurry(self) -> None:
        """Let no request wait any longer: the process drains."""
        self.service.hurry()

    def close(self) -> None:
        """Let go of the databases; no request is under way any more."""
        self.service.close()

    def _drains(self) -> bool:
        return self.draining()


def app_of(name: Service, build: Build) -> Callable[[str], Web]:
    """The ``__getattr__`` of a ``wsgi.py``, whose ``app`` is opened when it is first asked for.

    So importing opens nothing, and what is opened belongs to the process that serves with it.
    """
    opened: list[Web] = []

    def get(attribute: str) -> Web:
        if attribute != "app":
            raise AttributeError(attribute)
        if not opened:
            opened.append(_open_or_exit(name, build))
        return opened[0]

    return get


def open_web(name: Service, build: Build) -> Web:
    """Read the settings and wire the service; no server is asked yet. Raises SettingError."""
    found = names.read_settings()
    logs.configure(found.log_level, service=name.value, process="web")
    failpoints.arm(found.failpoints)
    platform = open_platform(found, name)
    service = build(platform)
    service.announce()

    def serve(draining: Callable[[], bool]) -> Wsgi:
        operations = create_operations([service], platform.clock, platform.tokens, draining)
        return Dispatcher([service], operations)

    return Web(service, serve)


def _open_or_exit(name: Service, build: Build) -> Web:
    try:
        return open_web(name, build)
    except SettingError as error:
        sys.stderr.write(f"{name}: {error}\n")
        raise SystemExit(CANNOT_LOAD) from None
