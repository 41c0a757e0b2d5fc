"""The checks of `handoff doctor`: each looks at one thing and says how to mend it."""

import fcntl
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from services.chassis.clock import SettableClock
from services.chassis.database import WAL_SAFE, journal_mode, sqlite_module
from services.chassis.keys import MasterKeys
from services.chassis.platform import MASTER, SIGNING
from services.chassis.settings import Mode, SettingError, Settings
from services.chassis.tokens import Tokens, read_keys
from services.cli import copies, people, settings
from services.cli.home import HomeError, check_clock

FAILPOINTS: Final = "HANDOFF_FAILPOINTS"
LEAST_FREE_BYTES: Final = 200_000_000
SKEW: Final = timedelta(seconds=5)
TIMEOUT_S: Final = 5.0
OTHERS: Final = 0o077
LAST_YEAR: Final = 2099
_MEND_CLOCK: Final = "set the machine's clock (chrony, ntp), or restore the clock file"
_PROBE: Final = b"handoff doctor"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; ``mend`` says what to do where it is not right.

    What ``warns`` is right as yet, and ought to be seen to all the same.
    """

    check: str
    right: bool
    state: str
    mend: str = ""
    warns: bool = False


def settings_of(home: Path | None) -> Settings | Finding:
    """The settings, or what is wrong with them."""
    try:
        found = settings.read(home)
        settings.check_services()
    except SettingError as error:
        return Finding("settings", right=False, state=str(error), mend="correct this setting")
    return found


def mode(found: Settings) -> Finding:
    """Where the suite lives and in which mode; a folder with a settable clock is a demo's."""
    settable = isinstance(settings.clock_of(found), SettableClock)
    shown = Mode.DEMO if settable else found.mode
    state = f"mode {shown}, home {found.home}"
    if found.failpoints is None:
        return Finding("settings", right=True, state=state)
    armed = f"{state}; failpoints are armed: processes kill themselves by {found.failpoints}"
    return Finding("settings", right=True, state=armed, mend=f"unset {FAILPOINTS}", warns=True)


def keys(found: Settings) -> Iterator[Finding]:
    """The key files: there, readable by their owner alone, usable."""
    yield key_file(found, MASTER)
    yield key_file(found, SIGNING)
    yield from second_copy(found)


def second_copy(found: Settings) -> Iterator[Finding]:
    """Whether the master keys have a copy elsewhere: without them nobody's details can be read."""
    check = "second copy"
    try:
        lacking = copies.without_copy(found)
    except (OSError, ValueError):
        return  # the check of the key file tells of it
    if lacking:
        state = f"{', '.join(lacking)}: no copy of this master key is known"
        yield Finding(check, right=True, state=state, mend="handoff keys export FILE", warns=True)
    else:
        yield Finding(check, right=True, state="every master key has one (handoff keys list)")


def sqlite_version() -> Finding:
    """The linked SQLite, and the journal mode that is safe with it."""
    module = sqlite_module()
    mode = journal_mode(module.sqlite_version_info)
    state = f"SQLite {module.sqlite_version}, journal {mode}"
    if mode == "WAL":
        return Finding("sqlite", right=True, state=state)
    needed = ".".join(map(str, WAL_SAFE))
    return Finding("sqlite", right=True, state=state, mend=f"faster with SQLite {needed} or later")


def clock(found: Settings, newest: datetime | None) -> Finding:
    """The folder's clock shows a time, neither behind the newest record nor in no year of ours."""
    own = settings.clock_of(found)
    kind = "settable" if isinstance(own, SettableClock) else "system"
    try:
        check_clock(found)
    except HomeError as error:
        return Finding("clock", right=False, state=str(error), mend="restore the clock file")
    now = own.now()
    state = f"{kind}, {now.isoformat(timespec='seconds')}"
    if newest is not None and newest > now + SKEW:
        behind = f"{state}, behind the newest record ({newest.isoformat(timespec='seconds')})"
        return Finding("clock", right=False, state=behind, mend=_MEND_CLOCK)
    if now.year > LAST_YEAR:
        far = f"{state}, after the year {LAST_YEAR}"
        return Finding("clock", right=False, state=far, mend=_MEND_CLOCK)
    return Finding("clock", right=True, state=state)


def disk(found: Settings) -> Finding:
    """Room for the databases to grow."""
    free = shutil.disk_usage(found.home).free
    right = free >= LEAST_FREE_BYTES
    mend = "" if right else "make room: nothing can be recorded on a full disk"
    return Finding("disk", right=right, state=f"{free // 1_000_000} MB free", mend=mend)


def key_file(found: Settings, name: str) -> Finding:
    """One key file: there, readable by its owner alone, usable."""
    path, check = found.keys / name, f"key {name}"
    try:
        mode = path.stat().st_mode
        _use(found, name)
    except PermissionError:
        state = f"{path} may not be read"
        return Finding(check, right=False, state=state, mend=f"chmod 600 {path}, as its owner")
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
        master, sealed = masters.wrap("doctor", _PROBE)
        masters.unwrap(master, "doctor", sealed)
        return
    tokens, now = Tokens(read_keys(path), found.issuer, found.audience), datetime.now(UTC)
    tokens.verify(tokens.issue(people.ADMIN, now), now)


def is_locked(path: Path) -> bool:
    """Whether a suite holds the folder."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, PermissionError):
        return False
    except BlockingIOError:
        return True
    return False
