"""Request metrics of the processes that share one port: read as one, kept when a process ends."""

import fcntl
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

KINDS: Final = ("counter", "histogram")
# The library takes the kind of metric from a file's name, up to the first underscore.
ENDED: Final = "ended"
LONGEST_WAIT_S: Final = 1.0
LOOK_AGAIN_S: Final = 0.005


class SharedCollector(Collector):
    """Sums what all processes counted, whichever of them is asked, and whichever have ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """One family for each metric."""
        with _locked(self._folder, fcntl.LOCK_SH):
            # A process may have made its file just now, and not yet written its beginning.
            files = [str(f) for f in self._folder.glob("*.db") if f.stat().st_size]
            merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged


def fold(folder: Path, process: int) -> bool:
    """Add what a process that has ended counted to the sum of all such, and remove its files.

    False where a reader holds the folder for too long: the files then stay, and count as before.
    """
    until = time.monotonic() + LONGEST_WAIT_S
    while time.monotonic() < until:
        with suppress(BlockingIOError), _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            for kind in KINDS:
                _fold_file(folder / f"{kind}_{process}.db", folder / f"{kind}_{ENDED}.db")
            return True
        time.sleep(LOOK_AGAIN_S)
    return False


def _fold_file(left: Path, into: Path) -> None:
    if not left.exists():
        return
    total: Any = MmapedDict(str(into))  # type: ignore[no-untyped-call]
    with suppress(struct.error):  # it ended before it had written anything
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(left)):  # type: ignore[no-untyped-call]
            before, _ = total.read_value(key)
            total.write_value(key, before + value, 0.0)
    total.close()
    left.unlink()


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, how)
        yield
