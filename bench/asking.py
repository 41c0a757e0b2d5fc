"""Requests as the benchmarks send them: as fast as they are answered, or at a pace."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

from services.cli.kept_line import KeptLine
from services.cli.pace import Course, OpenSender, Plan, Result, drive

# So fast that each is due when the one before it is answered.
_AT_ONCE = 1e9


def posting(url: str, path: str, token: str, body: Callable[[], object]) -> OpenSender:
    """Senders that post; whatever is not taken ends the benchmark."""

    @contextmanager
    def opened() -> Iterator[Callable[[Callable[[], float]], list[Result]]]:
        with KeptLine(url, token) as line:
            yield partial(_post, line, path, body)

    return opened


def as_fast_as_answered(count: int, at_a_time: int, sender: OpenSender) -> Course:
    """So many requests, each as soon as one of those at a time is answered."""
    return drive(Plan(_AT_ONCE, count / _AT_ONCE, at_a_time), sender)


def _post(
    line: KeptLine, path: str, body: Callable[[], object], elapsed: Callable[[], float]
) -> list[Result]:
    told = line.ask("POST", path, body(), str(uuid4()))
    if told.fault is not None:
        raise RuntimeError(f"{path} was answered {told.fault}: {told.body}")
    return [Result(path, elapsed())]
