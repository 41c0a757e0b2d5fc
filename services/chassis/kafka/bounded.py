"""A client on a daemon thread of its own, so that every call ends in time, even if it hangs."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Generic, TypeVar

from services.chassis.event_log import LogUnavailableError

C = TypeVar("C")
R = TypeVar("R")
Work = Callable[[C], R]


class BoundedClient(Generic[C]):
    """Makes its client when first needed; one call at a time, all of them on the same thread.

    A call that outlasts its time is abandoned with its thread and its client, for what that client
    does later must not count; the next call makes a new one.
    """

    def __init__(self, name: str, make: Callable[[], C], close: Callable[[C], None]) -> None:
        self._name = name
        self._make = make
        self._close = close
        self._turn = threading.Lock()
        self._thread: _ClientThread[C] | None = None

    @property
    def made(self) -> bool:
        """Whether there is a client."""
        return self._thread is not None and self._thread.client is not None

    def call(self, work: Work[C, R], seconds: float) -> R:
        """What the work returns or raises; LogUnavailableError after the seconds."""
        if not self._turn.acquire(timeout=seconds):
            raise LogUnavailableError(f"{self._name} is busy")
        try:
            if self._thread is None:
                self._thread = _ClientThread(self._name, self._make, self._close)
            return self._thread.call(work, seconds)
        except TimeoutError:
            self._abandon()
            raise LogUnavailableError(f"{self._name} gave no answer in {seconds:.0f} s") from None
        finally:
            self._turn.release()

    def drop(self) -> None:
        """Let go of the client, without waiting; the next call makes a new one."""
        with self._turn:
            self._abandon()

    def close(self, seconds: float) -> None:
        """Close the client, and wait no longer than the seconds for that."""
        with self._turn:
            thread = self._thread
            self._abandon()
        if thread is not None:
            thread.join(seconds)

    def _abandon(self) -> None:
        if self._thread is not None:
            self._thread.end()
        self._thread = None


class _ClientThread(threading.Thread, Generic[C]):
    def __init__(self, name: str, make: Callable[[], C], close: Callable[[C], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._make = make
        self._close = close
        self.client: C | None = None
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self.start()

    def call(self, work: Work[C, R], seconds: float) -> R:
        answer: Future[R] = Future()

        def job() -> None:
            try:
                if self.client is None:
                    self.client = self._make()
                answer.set_result(work(self.client))
            except BaseException as error:  # noqa: BLE001 - it is raised where the call was made
                answer.set_exception(error)

        self._jobs.put(job)
        return answer.result(seconds)

    def end(self) -> None:
        self._jobs.put(None)

    def run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        if self.client is not None:
            self._close(self.client)
