"""The folder of an embedded suite: made on first start, locked while in use, keys apart."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DatabaseError, OperationalError

from contracts.topics import Service
from services.chassis import embedded_rows, keys, migrations
from services.chassis.clock import SettableClock
from services.chassis.database import Database
from services.chassis.keys import MasterKeys
from services.chassis.platform import MASTER, SIGNING, Platform
from services.chassis.settings import Settings
from services.chassis.tokens import Tokens, create_key_file, read_keys

STORE: Final = "person_keys.sqlite"
EVENTS: Final = "events.sqlite"


class HomeError(Exception):
    """The folder cannot be used; the text says why and what to do."""


@dataclass(slots=True)
class Lock:
    """The right to use a data folder; held until the process ends or ``release``."""

    descriptor: int

    def release(self) -> None:
        """Let another process use the folder."""
        os.close(self.descriptor)


def prepare(settings: Settings) -> None:
    """Make the folders and, on the very first start, keys and databases; each must be usable.

    Raises HomeError where one is gone that stood there, for a new one would not hold what it held,
    or is damaged; SchemaError where another version of Handoff wrote a database.
    """
    with told(settings.home):
        _refuse_loss(settings)
        for folder in (settings.data, settings.keys):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_keys(settings)
        steps = _databases(settings)
        for path in steps:
            if not path.exists():
                path.touch(mode=0o600)
    for path, step in steps.items():
        if not may(path, os.R_OK | os.W_OK):
            raise HomeError(f"{path} may not be read and written: chmod u+rw {path}, as its owner")
        with told(path):
            _on(path, step)


def take(settings: Settings) -> tuple[Lock, Platform]:
    """Lock the folder, prepare it, and read its keys; raises HomeError."""
    held = lock(settings)
    try:
        prepare(settings)
        return held, platform(settings)
    except BaseException:
        held.release()
        raise


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Say in one line, as a HomeError, why a file or database cannot be used."""
    try:
        yield
    except OperationalError as error:  # such as a file that may not be written
        raise HomeError(f"{path}: {error.orig}") from None
    except DatabaseError as error:
        raise HomeError(f"{path}: {error.orig}: restore it from its backup") from None
    except migrations.SchemaError as error:
        raise HomeError(f"{path}: {error}") from None
    except OSError as error:
        raise HomeError(f"{error.filename or path}: {error.strerror}") from None


def may(path: Path, access: int) -> bool:
    """Whether this user may do that (os.R_OK, W_OK, X_OK) with the file or folder."""
    return os.access(path, access, effective_ids=os.access in os.supports_effective_ids)


def service_file(settings: Settings, service: Service) -> Path:
    """The database file of a service."""
    return settings.data / f"{service}.sqlite"


def lock(settings: Settings) -> Lock:
    """Lock the data folder, made where there is none; raises HomeError where a suite has it."""
    with told(settings.data):
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(settings.data / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise HomeError(f"another suite is running on {settings.data}: stop it first") from None
    return Lock(descriptor)


def platform(settings: Settings) -> Platform:
    """Keys, tokens and clock of a prepared folder; raises HomeError where one is not usable."""
    check_clock(settings)
    try:
        masters = MasterKeys.read(settings.keys / MASTER)
        tokens = Tokens(read_keys(_signing(settings)), settings.issuer, settings.audience)
    except PermissionError as error:
        raise HomeError(f"{error.filename} may not be read: chmod 600 {error.filename}") from None
    except (OSError, ValueError, KeyError) as error:
        raise HomeError(f"the keys in {settings.keys} cannot be used: {error}") from None
    return Platform(settings=settings, clock=settings.clock(), tokens=tokens, masters=masters)


def check_clock(settings: Settings) -> None:
    """Raise HomeError where the file of the settable clock shows no time."""
    path = settings.clock_file
    with told(path):
        try:
            shown = SettableClock(path).now()
        except ValueError:
            shown = None
    if shown is None or shown.tzinfo is None:
        raise HomeError(f"{path} shows no time such as 2027-03-01T08:00:00+00:00: restore it")


def make_keys(settings: Settings) -> None:
    """Make the master key and the key that signs tokens where they are missing."""
    if not (settings.keys / MASTER).exists():
        MasterKeys.create_file(settings.keys / MASTER, "master-1", datetime.now(UTC))
    if not _signing(settings).exists():
        create_key_file(_signing(settings), "signing-1")


def _databases(settings: Settings) -> dict[Path, Callable[[Database], None]]:
    """The five database files, each with what is done to one when it is opened.

    All are there before one of them is filled, and the first two are filled before the others:
    so a start that was cut short is told from a file that was lost.
    """
    steps: dict[Path, Callable[[Database], None]] = {
        settings.keys / STORE: lambda database: keys.prepare(database.engine),
        settings.data / EVENTS: lambda database: embedded_rows.metadata.create_all(database.engine),
    }
    for service in Service:
        steps[service_file(settings, service)] = partial(migrations.check_known, store=service)
    return steps


def _on(path: Path, step: Callable[[Database], None]) -> None:
    database = Database(f"sqlite:///{path}")
    try:
        step(database)
    finally:
        database.close()


def _refuse_loss(settings: Settings) -> None:
    """Where anything was ever kept, nothing may be missing."""
    store, events = settings.keys / STORE, settings.data / EVENTS
    services = [service_file(settings, service) for service in Service]
    served = any(map(_is_filled, services))
    if not served and not any(map(_is_filled, (store, events))):
        return
    files = [settings.keys / MASTER, _signing(settings), store]
    lost = [path.name for path in files if not path.exists()]
    if served and store.exists() and not _is_filled(store):
        lost.append(STORE)
    if lost:
        raise HomeError(
            f"{settings.data} holds data, but {settings.keys} lacks {', '.join(lost)}: "
            "restore the keys from their backup"
        )
    gone = [path.name for path in (*services, events) if not path.exists()]
    if served and events.exists() and not _is_filled(events):
        gone.append(EVENTS)
    if gone:
        raise HomeError(
            f"{settings.data} lacks {', '.join(gone)}, and a new one would be empty: "
            "restore it from its backup"
        )


def _is_filled(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _signing(settings: Settings) -> Path:
    return settings.keys / SIGNING
