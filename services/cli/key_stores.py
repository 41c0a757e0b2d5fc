"""The way of a command to the key store: the database itself, or the suite that has its file."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from services.chassis.database import Database
from services.chassis.faults import reason_of
from services.chassis.keyring import Keyring
from services.chassis.keys import MasterKeys, prepare
from services.chassis.platform import MASTER
from services.chassis.settings import KEY_STORE, Settings
from services.cli import home, options, people, production
from services.cli.checkup import Finding, is_locked
from services.cli.client import Client
from services.cli.home import HomeError


class KeyStore(Protocol):
    """What a command asks of the key store."""

    def counts(self) -> Mapping[str, int]:
        """How many persons' keys each master key wraps."""

    def rewrap(self) -> int:
        """Wrap the next persons' keys with the current master key; how many, 0 when all are."""

    def retire(self, master: str) -> None:
        """Take a master key out of the file."""


class OverHttp:
    """A key store whose file a running suite has: asked through the suite."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def counts(self) -> Mapping[str, int]:
        """How many persons' keys each master key wraps; raises ClientError."""
        wraps: dict[str, int] = self._client.get("/ops/keys")["wraps"]
        return wraps

    def rewrap(self) -> int:
        """Wrap the next persons' keys anew; raises ClientError."""
        return int(self._client.post("/ops/keys/rewrap")["rewrapped"])

    def retire(self, master: str) -> None:
        """Take a master key out of the file; raises ClientError."""
        self._client.post("/ops/keys/retire", {"master": master})


@contextmanager
def key_store(found: Settings, url: str | None) -> Iterator[KeyStore]:
    """The key store of the settings; raises HomeError or ClientError where there is no way to it.

    ``url`` is where a suite answers that has its file; without it, the address of the settings.
    """
    servers = production.servers_of(found)
    if isinstance(servers, Finding):
        raise HomeError(servers.state)
    if servers is not None:
        with _opened(Database(servers.settings.database_url(KEY_STORE), 1), found) as ring:
            yield ring
    elif is_locked(found.data / ".lock"):
        with options.client_for(people.ADMIN, url, None, found.home) as client:
            yield OverHttp(client)
    else:
        with _at_rest(found) as ring:
            yield ring


@contextmanager
def _at_rest(found: Settings) -> Iterator[Keyring]:
    """The file of a suite that does not run, and does not begin to meanwhile."""
    _refuse_absent(found.keys / home.STORE)
    held = home.lock(found)
    try:
        database = Database(found.key_store_url)
        with home.told(found.keys / home.STORE):
            prepare(database.engine)
        with _opened(database, found) as ring:
            yield ring
    finally:
        held.release()


@contextmanager
def _opened(database: Database, found: Settings) -> Iterator[Keyring]:
    try:
        yield Keyring(database, MasterKeys.read(found.keys / MASTER))
    except (OSError, ValueError) as error:
        raise HomeError(f"the keys in {found.keys} cannot be used: {error}") from None
    except SQLAlchemyError as error:
        raise HomeError(f"the key store does not answer ({reason_of(error)})") from None
    finally:
        database.close()


def _refuse_absent(store: Path) -> None:
    if not store.exists():
        raise HomeError(f"{store} is not there: no suite ever ran on this folder (handoff up)")
