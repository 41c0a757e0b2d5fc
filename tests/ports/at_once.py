"""Many threads off together: what a test of concurrency needs."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

THREADS = 16

T = TypeVar("T")


def at_once(work: Callable[[int], T], times: int, threads: int = THREADS) -> list[T]:
    """Each thread does the work so many times, for numbers of its own; any error is raised here."""
    gate = threading.Barrier(threads)

    def run(first: int) -> list[T]:
        gate.wait()
        return [work(first * times + step) for step in range(times)]

    with ThreadPoolExecutor(threads) as pool:
        parts = [done.result() for done in [pool.submit(run, n) for n in range(threads)]]
    return [result for part in parts for result in part]


def in_thread(work: Callable[[], T]) -> Future[T]:
    """Begin the work on a thread of its own; ask the future for its result or its error."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future
