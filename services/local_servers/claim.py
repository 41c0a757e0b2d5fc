"""A server's folder: claimed by one process at a time, swept of what a dead one left running."""

import fcntl
import os
from pathlib import Path
from typing import Final

import psutil

from services.local_servers.errors import LocalServerError

LOCK: Final = "claimed.lock"
PIDS: Final = "*.pid"
_END_S: Final = 10.0


class Claim:
    """Holds a folder until released; the kernel releases it for a process that dies."""

    def __init__(self, folder: Path) -> None:
        """Claim the folder and end what a dead claimant left; LocalServerError if it is in use."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise LocalServerError(f"{folder} is in use by another process") from None
        for left in folder.glob(PIDS):
            _end_leftover(left)

    def release(self) -> None:
        """Let others have the folder."""
        os.close(self._lock)


def note_pid(path: Path, pid: int) -> None:
    """Write down which process this is: its number and, as numbers come round, its birth."""
    try:
        path.write_text(f"{pid} {psutil.Process(pid).create_time()}\n", encoding="ascii")
    except psutil.NoSuchProcess:
        path.unlink(missing_ok=True)


def descendants(pid: int) -> list[psutil.Process]:
    """The processes that a process has started, and theirs; none if it is gone."""
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _end_leftover(path: Path) -> None:
    pid, _, born = path.read_text(encoding="ascii").partition(" ")
    path.unlink()
    try:
        process = psutil.Process(int(pid))
        if process.create_time() == float(born):
            family = [process, *descendants(process.pid)]
            process.kill()
            psutil.wait_procs(family, _END_S)
    except (ValueError, psutil.NoSuchProcess):
        return
