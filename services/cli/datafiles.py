"""The checks of `handoff doctor` on what is stored: folders, databases, events, persons' keys."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from contracts.topics import Service
from services.chassis import migrations
from services.chassis.database import sqlite_module
from services.chassis.settings import Settings
from services.cli.checkup import TIMEOUT_S, Finding, is_locked
from services.cli.home import EVENTS, STORE, may, service_file

RESTORE: Final = "restore it from its backup"
RESTORE_KEYS: Final = "restore the keys from their backup"
_FAULTS: Final = (OSError, ValueError, sqlite_module().Error)


def folders(found: Settings) -> Iterator[Finding]:
    """The folders that are there: folders indeed, to be read and written by this user."""
    if not os.path.lexists(found.home):
        yield Finding("folder", right=False, state=f"{found.home} is not there", mend="handoff up")
    for path in (found.home, found.data, found.keys):
        yield from _folder("folder", path)


def mail(found: Settings) -> Iterator[Finding]:
    """The folder of the letters, where there is one yet."""
    yield from _folder("mail", found.home / "mail")


def databases(found: Settings) -> Iterator[Finding]:
    """Each service's database: there, whole, writable, at the schema of this version."""
    for service in Service:
        yield _database(found, service)


def events(found: Settings) -> Finding:
    """The event log: there, whole, writable."""
    path = found.data / EVENTS
    try:
        ((records,),) = rows(found, path, "SELECT count(*) FROM records")
        _refuse_harm(found, path)
    except _FAULTS as error:
        return _harmed("event log", path, error, RESTORE)
    return Finding("event log", right=True, state=f"{records} records kept")


def key_store(found: Settings) -> Finding:
    """The store of the persons' keys: there, whole, writable, not older than the referrals."""
    check, path = "person keys", found.keys / STORE
    newest = _newest_referral(found)
    try:
        ((kept,),) = rows(found, path, "SELECT count(*) FROM person_keys")
        have = newest and rows(
            found, path, "SELECT 1 FROM person_keys WHERE person = ?", str(newest)
        )
        _refuse_harm(found, path)
    except _FAULTS as error:
        return _harmed(check, path, error, RESTORE_KEYS)
    if newest is not None and not have:
        state = f"{path} has no key for the person of the newest referral ({newest})"
        return Finding(check, right=False, state=state, mend=RESTORE_KEYS)
    return Finding(check, right=True, state=f"{kept} keys kept")


def newest_record(found: Settings) -> datetime | None:
    """When the newest event of any service was recorded."""
    query = "SELECT at FROM history ORDER BY position DESC LIMIT 1"
    moments = []
    for service in Service:
        try:
            moments += [row[0] for row in rows(found, service_file(found, service), query)]
        except _FAULTS:
            continue  # the check of that database tells of it
    return max(map(datetime.fromisoformat, moments), default=None)


def rows(found: Settings, path: Path, query: str, *values: str) -> list[Any]:
    """Read without writing; raises where the file is not there or is no database."""
    if not path.exists():
        raise FileNotFoundError("not there")
    # Where nobody writes and no log is left over, not even a lock file need be made to read.
    at_rest = not path.with_name(f"{path.name}-wal").exists()
    still = at_rest and not is_locked(found.data / ".lock")
    address = f"{path.absolute().as_uri()}?{'immutable=1' if still else 'mode=ro'}"
    connection = sqlite_module().connect(address, uri=True, timeout=TIMEOUT_S)
    try:
        return list(connection.execute(query, values).fetchall())
    finally:
        connection.close()


def _folder(check: str, path: Path) -> Iterator[Finding]:
    if not os.path.lexists(path):
        return
    if not path.is_dir():
        mend = "move it away: a folder belongs there"
        yield Finding(check, right=False, state=f"{path} is no folder", mend=mend)
    elif not may(path, os.R_OK | os.W_OK | os.X_OK):
        mend = f"chmod u+rwx {path}, as its owner"
        yield Finding(check, right=False, state=f"{path} may not be read and written", mend=mend)


def _database(found: Settings, service: Service) -> Finding:
    check, path = f"database {service}", service_file(found, service)
    try:
        told = [row[0] for row in rows(found, path, "SELECT version_num FROM alembic_version")]
        ((mode,),) = rows(found, path, "PRAGMA journal_mode")
        _refuse_harm(found, path)
    except _FAULTS as error:
        return _harmed(check, path, error, RESTORE)
    state = f"schema {', '.join(told) or 'not told'}"
    want = migrations.head(service)
    if told == [want]:
        return Finding(check, right=True, state=f"{state}, journal {mode}")
    if len(told) != 1:
        return Finding(check, right=False, state=state, mend=RESTORE)
    known = told[0] in migrations.known(service)
    mend = "stop the suite, handoff migrate" if known else f"install that version, or {RESTORE}"
    written = "" if known else ", written by another version of Handoff"
    return Finding(check, right=False, state=f"{state}, not {want}{written}", mend=mend)


def _refuse_harm(found: Settings, path: Path) -> None:
    """Raise ValueError for a damaged page, PermissionError where nothing may be written."""
    ((said,),) = rows(found, path, "PRAGMA quick_check(1)")
    if said != "ok":
        raise ValueError(f"damaged ({said})")
    if not may(path, os.R_OK | os.W_OK):
        raise PermissionError("may not be written")


def _harmed(check: str, path: Path, error: Exception, restore: str) -> Finding:
    text = " ".join(str(error).split())
    open_to_us = not path.exists() or may(path, os.R_OK | os.W_OK)
    mend = restore if open_to_us else f"chmod u+rw {path}, as its owner"
    return Finding(check, right=False, state=f"{path}: {text}", mend=mend)


def _newest_referral(found: Settings) -> UUID | None:
    """The newest referral; its id begins with its time. None where none can be read."""
    path = service_file(found, Service.REFERRAL_API)
    try:
        newest = rows(found, path, "SELECT id FROM referrals ORDER BY id DESC LIMIT 1")
    except _FAULTS:
        return None  # the check of that database tells of it
    return UUID(newest[0][0]) if newest else None
