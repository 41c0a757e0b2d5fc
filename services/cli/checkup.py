"""The checks of `handoff doctor`: each looks at one thing and says how to mend it."""

import fcntl
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from contracts.topics import Service
from services.chassis import migrations
from services.chassis.clock import SettableClock
from services.chassis.database import WAL_SAFE, journal_mode, sqlite_module
from services.chassis.keys import MasterKeys
from services.chassis.settings import SettingError, Settings
from services.chassis.tokens import Tokens, read_keys
from services.cli import people, settings
from services.cli.home import MASTER, SIGNING

LEAST_FREE_BYTES: Final = 200_000_000
SKEW: Final = timedelta(seconds=5)
TIMEOUT_S: Final = 5.0
OTHERS: Final = 0o077
_PROBE: Final = b"handoff doctor"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; ``mend`` says what to do where it is not right."""

    check: str
    right: bool
    state: str
    mend: str = ""


def settings_of(home: Path | None) -> Settings | Finding:
    """The settings, or what is wrong with them."""
    try:
        found = settings.read(home)
        settings.check_services()
    except SettingError as error:
        return Finding("settings", right=False, state=str(error), mend="correct this setting")
    return found


def keys(found: Settings) -> Iterator[Finding]:
    """The key files: there, readable by their owner alone, usable."""
    for name in (MASTER, SIGNING):
        yield _key_file(found, name)


def databases(found: Settings) -> Iterator[Finding]:
    """Each service's database: there, readable, at the schema of this version."""
    for service in Service:
        yield _database(found.data / f"{service}.sqlite", service)


def events(found: Settings) -> Finding:
    """The event log: there and readable."""
    path = found.data / "events.sqlite"
    try:
        ((records,),) = _rows(path, "SELECT count(*) FROM records")
    except (OSError, sqlite_module().Error) as error:
        return Finding("event log", right=False, state=f"{path}: {error}", mend=_MEND_FILE)
    return Finding("event log", right=True, state=f"{records} records kept")


def sqlite_version() -> Finding:
    """The linked SQLite, and the journal mode that is safe with it."""
    module = sqlite_module()
    mode = journal_mode(module.sqlite_version_info)
    state = f"SQLite {module.sqlite_version}, journal {mode}"
    if mode == "WAL":
        return Finding("sqlite", right=True, state=state)
    needed = ".".join(map(str, WAL_SAFE))
    return Finding("sqlite", right=True, state=state, mend=f"faster with SQLite {needed} or later")


def clock(found: Settings) -> Finding:
    """The folder's clock is not behind the newest record."""
    own = settings.clock_of(found)
    kind = "settable" if isinstance(own, SettableClock) else "system"
    now, newest = own.now(), _newest(found)
    state = f"{kind}, {now.isoformat(timespec='seconds')}"
    if newest is not None and newest > now + SKEW:
        behind = f"{state}, behind the newest record ({newest.isoformat(timespec='seconds')})"
        mend = "set the machine's clock (chrony, ntp), or restore the clock file"
        return Finding("clock", right=False, state=behind, mend=mend)
    return Finding("clock", right=True, state=state)


def disk(found: Settings) -> Finding:
    """Room for the databases to grow."""
    free = shutil.disk_usage(found.home).free
    right = free >= LEAST_FREE_BYTES
    mend = "" if right else "make room: nothing can be recorded on a full disk"
    return Finding("disk", right=right, state=f"{free // 1_000_000} MB free", mend=mend)


def running(found: Settings) -> Finding:
    """Whether a suite runs on the folder and, where one answers, whether it is ready."""
    held, address = _is_locked(found.data / ".lock"), settings.address_of(found)
    try:
        response = httpx.get(f"{address}/readyz", timeout=TIMEOUT_S, trust_env=False)
        answer = response.json()
        faults = [fault for found in answer["faults"].values() for fault in found]
    except httpx.HTTPError:
        state = f"running, but not on {address}" if held else "not running"
        return Finding("suite", right=True, state=state, mend="" if held else "handoff up")
    except (ValueError, KeyError, AttributeError, TypeError):
        state = f"something that is not Handoff answers on {address}"
        return Finding("suite", right=False, state=state, mend="choose another HANDOFF_PORT")
    if faults:
        mend = "see its log; handoff parked list"
        return Finding("suite", right=False, state="; ".join(faults), mend=mend)
    where = "" if held else ", on another folder"
    return Finding("suite", right=True, state=f"ready on {address}{where}")


_MEND_FILE: Final = "restore it from a backup, or run handoff up to make a new one"


def _key_file(found: Settings, name: str) -> Finding:
    path, check = found.keys / name, f"key {name}"
    try:
        mode = path.stat().st_mode
        _use(found, name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        mend = "restore the keys from their backup"
        return Finding(check, right=False, state=f"{path}: {error}", mend=mend)
    if mode & OTHERS:
        state = f"{path} is open to others ({mode & 0o777:o})"
        return Finding(check, right=False, state=state, mend=f"chmod 600 {path}")
    return Finding(check, right=True, state="usable, for its owner alone")


def _use(found: Settings, name: str) -> None:
    """Use a key once, there and back; raises where it cannot be used."""
    path = found.keys / name
    if name == MASTER:
        masters = MasterKeys.read(path)
        masters.unwrap(masters.current, "doctor", masters.wrap("doctor", _PROBE))
        return
    tokens, now = Tokens(read_keys(path), found.issuer, found.audience), found.clock().now()
    tokens.verify(tokens.issue(people.ADMIN, now), now)


def _database(path: Path, service: Service) -> Finding:
    check = f"database {service}"
    try:
        ((have,),) = _rows(path, "SELECT version_num FROM alembic_version")
        ((mode,),) = _rows(path, "PRAGMA journal_mode")
    except (OSError, ValueError, sqlite_module().Error) as error:
        return Finding(check, right=False, state=f"{path}: {error}", mend=_MEND_FILE)
    want = migrations.head(service)
    if have != want:
        state = f"schema {have}, not {want}"
        return Finding(check, right=False, state=state, mend="stop the suite, handoff migrate")
    return Finding(check, right=True, state=f"schema {have}, journal {mode}")


def _rows(path: Path, query: str) -> list[Any]:
    """Read without writing; raises where the file is not there or is no database."""
    if not path.exists():
        raise FileNotFoundError("not there")
    # Where nobody writes and no log is left over, not even a lock file need be made to read.
    at_rest = not path.with_name(f"{path.name}-wal").exists()
    still = at_rest and not _is_locked(path.parent / ".lock")
    address = f"{path.absolute().as_uri()}?{'immutable=1' if still else 'mode=ro'}"
    connection = sqlite_module().connect(address, uri=True, timeout=TIMEOUT_S)
    try:
        return list(connection.execute(query).fetchall())
    finally:
        connection.close()


def _newest(found: Settings) -> datetime | None:
    """When the newest event of any service was recorded."""
    moments = []
    for service in Service:
        try:
            query = "SELECT at FROM history ORDER BY position DESC LIMIT 1"
            moments += [row[0] for row in _rows(found.data / f"{service}.sqlite", query)]
        except (OSError, sqlite_module().Error):
            continue  # the check of that database tells of it
    return max(map(datetime.fromisoformat, moments), default=None)


def _is_locked(path: Path) -> bool:
    """Whether a suite holds the folder."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
