"""The folder where a master of web processes keeps their metrics, and the end of old ones."""

import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

PREFIX: Final = "handoff-metrics-"
OWNER: Final = "master.pid"


def name() -> Path:
    """A folder that is not there yet, and that nobody can foresee."""
    return Path(tempfile.gettempdir()) / f"{PREFIX}{secrets.token_hex(8)}"


def make(folder: Path) -> None:
    """Make it, for this process and its children; those of our masters that were killed go."""
    for left in _left_in(folder.parent):
        shutil.rmtree(left, ignore_errors=True)
    folder.mkdir(mode=0o700)
    (folder / OWNER).write_text(f"{os.getpid()}\n", encoding="ascii")


def _left_in(parent: Path) -> Iterator[Path]:
    """Folders of our own user whose master has ended; one that names no master is not ours."""
    for found in parent.glob(f"{PREFIX}*"):
        with suppress(OSError, ValueError):
            known = found.lstat()
            if not stat.S_ISDIR(known.st_mode) or known.st_uid != os.geteuid():
                continue
            if not _runs(int((found / OWNER).read_text(encoding="ascii"))):
                yield found


def _runs(process: int) -> bool:
    """Whether there is such a process; one that is not ours counts."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
