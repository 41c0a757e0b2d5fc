"""What processes spent: seconds of processor, and memory that is theirs alone or their share."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import psutil

_GONE = (psutil.NoSuchProcess, psutil.AccessDenied)


def processor_s(roots: Iterable[int]) -> float:
    """Seconds of processor that processes and all they ever started have used."""
    return sum(_used(process) for process in _families(roots))


def spending(roots: Iterable[int], work: Callable[[], object]) -> float:
    """Seconds of processor that those processes used while something was done."""
    kept = list(roots)
    before = processor_s(kept)
    work()
    return processor_s(kept) - before


def pss_mb(root: int) -> Iterator[float]:
    """The proportional set size of a process and of each of its children, in MB (10^6 bytes)."""
    for process in _families([root]):
        with suppress(*_GONE):
            yield process.memory_full_info().pss / 1e6


def own_s() -> float:
    """Seconds of processor that this process has used."""
    times = os.times()
    return times.user + times.system


def _families(roots: Iterable[int]) -> Iterator[psutil.Process]:
    for root in roots:
        with suppress(*_GONE):
            process = psutil.Process(root)
            yield process
            yield from process.children(recursive=True)


def _used(process: psutil.Process) -> float:
    """Its own, and that of children that have ended."""
    with suppress(*_GONE):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0
