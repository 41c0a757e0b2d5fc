"""What every service is built on: settings, clock, tokens and master keys."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from joserfc.jwk import KeySet

from contracts.topics import Service
from services.chassis.clock import Clock, ServerClock
from services.chassis.database import Database
from services.chassis.jwks import PublishedKeys
from services.chassis.keys import MasterKeys
from services.chassis.limits import Limits
from services.chassis.postgres import ServerTime
from services.chassis.settings import SettingError, Settings
from services.chassis.tokens import Tokens, read_keys

if TYPE_CHECKING:
    from services.chassis.service import WiredService

# The files of the keys folder: what wraps the keys of persons, and what signs tokens.
MASTER: Final = "master.json"
SIGNING: Final = "token-signing.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Handed to the ``build`` of each service's app."""

    settings: Settings
    clock: Clock
    tokens: Tokens
    masters: MasterKeys

    def database(self, name: str) -> Database:
        """A service's database, with a connection for every thread that may want one.

        Raises SettingError where its address is missing.
        """
        return Database(self.settings.database_url(name), self._connections)

    def key_store(self) -> Database:
        """The store of persons' keys; raises SettingError where its address is missing."""
        return Database(self.settings.key_store_url, self._connections)

    @property
    def limits(self) -> Limits:
        """How often one caller may ask; a minute that stands still has no end, so no limit."""
        found = self.settings.limits
        return Limits(proxies=found.proxies) if self.settings.settable_clock else found

    @property
    def _connections(self) -> int:
        """One for each thread that serves, and as many again as a worker has loops beside it."""
        return self.settings.threads + 4


# How ``wsgi.py`` and ``worker.py`` of a service have it wired.
Build = Callable[[Platform], "WiredService"]


def open_platform(settings: Settings, service: Service) -> Platform:
    """What a process of a service is built on, in production; nothing is asked yet.

    Raises SettingError where there is no database for it, or its keys are not usable.
    """
    if not settings.on_servers:
        name = f"HANDOFF_{service.upper()}_DATABASE"
        raise SettingError(f"{name} is missing: a process of its own needs a PostgreSQL database")
    url = settings.database_url(service)
    clock = settings.clock() if settings.settable_clock else ServerClock(ServerTime(url).now)
    try:
        masters = MasterKeys.read(settings.keys / MASTER)
        tokens = Tokens(_verifying_keys(settings), settings.issuer, settings.audience)
    except OSError as error:
        raise SettingError(f"HANDOFF_KEYS: {error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise SettingError(f"HANDOFF_KEYS {settings.keys}: {error}") from None
    return Platform(settings=settings, clock=clock, tokens=tokens, masters=masters)


def _verifying_keys(settings: Settings) -> KeySet | PublishedKeys:
    """The identity provider's keys, fetched at the first request; without one, those of a file."""
    if settings.jwks_url is not None:
        return PublishedKeys(settings.jwks_url)
    return read_keys(settings.keys / SIGNING)
