"""The embedded suite: three services, one process, one port, no server beside it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from services.chassis import migrations
from services.chassis.database import Database, Wake
from services.chassis.embedded_log import EmbeddedLog
from services.chassis.loops import Loop, stop_all
from services.chassis.operations import create_operations
from services.chassis.platform import Platform
from services.chassis.service import WiredService
from services.chassis.serving import HttpServer, Stopping, Wsgi
from services.chassis.settings import HOST_IS, SettingError, Settings
from services.chassis.web import Dispatcher
from services.cli import home
from services.cli.settings import address_of
from services.matcher import app as matcher
from services.matcher import settings as matcher_settings
from services.notifier import app as notifier
from services.notifier import settings as notifier_settings
from services.referral_api import app as referral_api
from services.referral_api import settings as referral_api_settings

STOP_S: Final = 20.0
PRUNE_EVERY_S: Final = 600.0


def build_services(platform: Platform) -> list[WiredService]:
    """Every service, wired but not started."""
    return [
        referral_api.build(platform, referral_api_settings.read()),
        matcher.build(platform, matcher_settings.read()),
        notifier.build(platform, notifier_settings.read(address_of(platform.settings))),
    ]


class Suite:
    """Opens a home folder and runs everything on it; ``close`` ends it cleanly."""

    def __init__(self, settings: Settings, stopping: Stopping | None = None) -> None:
        self._lock, platform = home.take(settings)
        self._web = open_server(self._answer, settings)
        # The machine chooses for port 0; what is wired from here on, links in mail too, knows.
        self.settings = replace(settings, port=self._web.port)
        self.platform = replace(platform, settings=self.settings)
        self.services = build_services(self.platform)
        for service in self.services:
            with home.told(home.service_file(settings, service.name)):
                migrations.upgrade(service.database, service.name)
        with home.told(settings.data / home.EVENTS):
            events = Database(settings.database_url("events"))
            self.log = EmbeddedLog(events, self.platform.clock.now)
        self.stopping = stopping or Stopping()
        clock, tokens = self.platform.clock, self.platform.tokens
        operations = create_operations(self.services, clock, tokens, self.stopping.asked)
        self.wsgi: Wsgi = Dispatcher(self.services, operations)
        self._prune = Loop("events.prune", self._prune_log, PRUNE_EVERY_S, Wake())

    @property
    def address(self) -> str:
        """Where the suite answers."""
        return address_of(self.settings)

    def start(self) -> None:
        """Start every loop, then answer requests."""
        for service in self.services:
            service.start(self.log)
        self._prune.start()
        self._web.start()

    def close(self) -> list[str]:
        """Take no more requests, finish what is under way; returns what did not end in time."""
        self.stopping.ask()
        for service in self.services:
            service.hurry()
        late = [] if self._web.drain(STOP_S) else ["http"]
        loops = [loop for service in self.services for loop in service.loops]
        late += stop_all([*loops, self._prune], STOP_S)
        for service in self.services:
            service.close()
        self.log.close()
        self._lock.release()
        return late

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """The server is made before what it serves, and started after."""
        return self.wsgi(environ, start)

    def _prune_log(self) -> int:
        self.log.prune()
        return 0


def open_server(answer: Wsgi, settings: Settings) -> HttpServer:
    """A server on the host and port of the settings; raises SettingError, or OSError if taken."""
    try:
        return HttpServer(answer, settings.host, settings.port, settings.threads)
    except ValueError:  # the host is no address, and no name that this machine knows
        raise SettingError(f'HANDOFF_HOST "{settings.host}": {HOST_IS}') from None
