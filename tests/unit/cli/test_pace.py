"""Open-loop load: every request keeps its moment, and waiting behind a slow one is counted."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import pytest

from services.cli.load import quantile, report_of
from services.cli.pace import Plan, Result, Send, drive


class Quick:
    """Answers at once, and notes when."""

    def __init__(self) -> None:
        self.at: list[float] = []

    @contextmanager
    def open(self) -> Iterator[Send]:
        def send(elapsed: Callable[[], float]) -> Sequence[Result]:
            self.at.append(time.monotonic())
            return [Result("ask", elapsed())]

        yield send


class Stuck:
    """The first request is held until a later one had its moment."""

    def __init__(self, held_s: float) -> None:
        self._held_s = held_s
        self._first = threading.Lock()

    @contextmanager
    def open(self) -> Iterator[Send]:
        def send(elapsed: Callable[[], float]) -> Sequence[Result]:
            if self._first.acquire(blocking=False):
                threading.Event().wait(self._held_s)
            return [Result("ask", elapsed())]

        yield send


def test_every_request_has_its_moment_and_none_goes_before_it() -> None:
    quick = Quick()
    course = drive(Plan(rate=100, seconds=0.3, in_flight=8), quick.open)
    assert len(course.results) == 30
    assert min(course.late_s) >= 0
    assert max(quick.at) - min(quick.at) >= 0.25


def test_who_waits_behind_a_slow_request_is_timed_from_its_own_moment() -> None:
    course = drive(Plan(rate=50, seconds=0.2, in_flight=1), Stuck(0.3).open)
    waited = [result.seconds for result in course.results]
    assert len(waited) == 10
    assert waited[0] >= 0.3
    # The second was due 20 ms after the first, and could be sent only when that was answered.
    assert waited[1] >= 0.27
    assert course.behind >= 5
    assert all(later <= earlier for earlier, later in pairwise(waited))


def test_the_warming_up_is_sent_and_not_told_of() -> None:
    quick = Quick()
    course = drive(Plan(rate=100, seconds=0.1, in_flight=4, warm_up_s=0.1), quick.open)
    assert len(quick.at) == 20
    assert len(course.results) == 10


def test_a_sender_that_fails_ends_the_run() -> None:
    class Broken(Quick):
        @contextmanager
        def open(self) -> Iterator[Send]:
            if self.at == []:
                raise OSError("no more files")
            yield lambda _: []

    with pytest.raises(OSError, match="no more files"):
        drive(Plan(rate=10, seconds=0.1, in_flight=2), Broken().open)


@pytest.mark.parametrize(
    ("part", "found"), [(0.5, 2.0), (0.75, 3.0), (0.99, 4.0), (1.0, 4.0), (0.01, 1.0)]
)
def test_a_quantile_is_a_value_that_was_measured(part: float, found: float) -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0], part) == found


def test_the_report_counts_what_failed_and_times_it_too() -> None:
    class Failing:
        @contextmanager
        def open(self) -> Iterator[Send]:
            yield lambda elapsed: [Result("ask", elapsed(), "503")]

    plan = Plan(rate=100, seconds=0.05, in_flight=1)
    report = report_of(plan, drive(plan, Failing().open))
    (row,) = report["results"]
    assert (row["count"], row["failed"], row["per_second"]) == (5, 5, 0.0)
    assert report["faults"] == {"503": 5}
    assert row["max_ms"] >= row["p50_ms"]
