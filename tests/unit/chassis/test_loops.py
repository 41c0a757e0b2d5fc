"""Loops: they outlive their faults, tell of them, back off, and stop when asked."""

import threading
from collections.abc import Callable, Iterator

import pytest

from services.chassis import loops
from services.chassis.consumer import TooManyParkedError
from services.chassis.database import Wake
from services.chassis.event_log import LogRefusedError, LogUnavailableError
from services.chassis.loops import Loop, stop_all

LONG_S = 60.0


class Script:
    """A tick that does what its steps say, then nothing; ``done`` is set after the last."""

    def __init__(self, *steps: Callable[[], int]) -> None:
        self.steps = list(steps)
        self.ticks = 0
        self.done = threading.Event()

    def __call__(self) -> int:
        self.ticks += 1
        if not self.steps:
            self.done.set()
            return 0
        return self.steps.pop(0)()


def fail() -> int:
    raise ValueError("Jane Canary")


def work() -> int:
    return 1


@pytest.fixture
def started() -> Iterator[Callable[[Loop], Loop]]:
    """Starts loops that are stopped in the end."""
    running: list[Loop] = []

    def start(loop: Loop) -> Loop:
        running.append(loop)
        loop.start()
        return loop

    yield start
    assert stop_all(running, LONG_S) == []


Start = Callable[[Loop], Loop]


def test_while_there_is_work_a_loop_does_not_rest(started: Start) -> None:
    script = Script(*[work] * 100)
    started(Loop("loop", script, LONG_S, Wake()))
    assert script.done.wait(LONG_S)
    assert script.ticks == 101


def test_a_wake_ends_the_rest(started: Start) -> None:
    wake, script = Wake(), Script()
    started(Loop("loop", script, LONG_S, wake))
    assert script.done.wait(LONG_S)
    script.done.clear()
    wake.set()
    assert script.done.wait(LONG_S)


def test_a_loop_goes_on_after_a_fault_and_then_has_none(started: Start) -> None:
    script = Script(fail, fail, work)
    loop = started(Loop("loop", script, LONG_S, Wake()))
    assert script.done.wait(LONG_S)
    assert loop.fault() is None


def test_a_failing_loop_says_so_without_the_text_of_the_error(started: Start) -> None:
    failed = threading.Event()

    def tick() -> int:
        if failed.is_set():
            release.wait(LONG_S)
        failed.set()
        return fail()

    release = threading.Event()
    loop = Loop("matcher.relay", tick, 0.0, Wake())
    started(loop)
    assert failed.wait(LONG_S)
    while loop.fault() is None:
        assert failed.is_set()
    fault = loop.fault()
    release.set()
    assert fault is not None
    assert fault.startswith("matcher.relay fails: ValueError at ")
    assert "Canary" not in fault


def test_a_failing_loop_without_a_rest_of_its_own_backs_off_all_the_same(
    started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "FIRST_BACK_OFF_S", LONG_S)
    script = Script(fail, work)
    loop = started(Loop("consumer", script, 0.0, Wake()))
    assert not script.done.wait(0.3)
    assert script.ticks == 1
    loop.ask_to_stop()
    assert loop.join(LONG_S)


def test_too_many_parked_keys_end_the_loop_and_it_says_so(started: Start) -> None:
    def too_many() -> int:
        raise TooManyParkedError("outcomes parked 21 keys")

    loop = started(Loop("consumer", too_many, 0.0, Wake()))
    assert loop.join(LONG_S)
    assert loop.fault() == loop.stuck() == "consumer stopped: outcomes parked 21 keys"


def test_a_log_that_refuses_us_ends_the_loop_for_time_does_not_mend_that(started: Start) -> None:
    def refused() -> int:
        raise LogRefusedError("publish: TopicAuthorizationFailedError")

    loop = started(Loop("relay", refused, 0.0, Wake()))
    assert loop.join(LONG_S)
    assert loop.stuck() == "relay stopped: publish: TopicAuthorizationFailedError"


def test_a_log_that_is_away_is_a_fault_but_no_reason_to_end(started: Start) -> None:
    failed, go_on = threading.Event(), threading.Event()

    def away() -> int:
        if failed.is_set():
            go_on.wait(LONG_S)
        failed.set()
        raise LogUnavailableError("ask: NodeNotReadyError")

    loop = started(Loop("relay", away, 0.0, Wake()))
    assert failed.wait(LONG_S)
    while loop.fault() is None:
        assert failed.is_set()
    fault, stuck = loop.fault(), loop.stuck()
    go_on.set()
    assert fault == "relay fails: LogUnavailableError: ask: NodeNotReadyError"
    assert stuck is None


def test_a_resting_loop_stops_at_once(started: Start) -> None:
    script = Script()
    loop = started(Loop("loop", script, LONG_S * 10, Wake()))
    assert script.done.wait(LONG_S)
    loop.ask_to_stop()
    assert loop.join(LONG_S)
    assert loop.fault() is None


def test_a_stopping_loop_finishes_its_tick(started: Start) -> None:
    inside, go_on, finished = (threading.Event() for _ in range(3))

    def tick() -> int:
        inside.set()
        go_on.wait(LONG_S)
        finished.set()
        return 1

    loop = started(Loop("loop", tick, 0.0, Wake()))
    assert inside.wait(LONG_S)
    loop.ask_to_stop()
    assert not loop.join(0.05)
    go_on.set()
    assert loop.join(LONG_S)
    assert finished.is_set()


def test_stopping_names_the_loops_that_did_not_end_in_time(started: Start) -> None:
    go_on, inside = threading.Event(), threading.Event()

    def tick() -> int:
        inside.set()
        go_on.wait(LONG_S)
        return 0

    slow = started(Loop("slow", tick, LONG_S, Wake()))
    quick = started(Loop("quick", Script(), LONG_S, Wake()))
    assert inside.wait(LONG_S)
    assert stop_all([slow, quick], 0.1) == ["slow"]
    go_on.set()


def test_a_loop_never_started_is_stopped_already() -> None:
    assert stop_all([Loop("loop", Script(), LONG_S, Wake())], 0.0) == []


def test_a_tick_that_takes_too_long_is_a_fault_and_a_long_rest_is_none(
    started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "STUCK_AFTER_S", -1.0)
    inside, go_on = threading.Event(), threading.Event()

    def tick() -> int:
        inside.set()
        go_on.wait(LONG_S)
        return 0

    stuck = started(Loop("stuck", tick, LONG_S, Wake()))
    script = Script()
    resting = started(Loop("resting", script, LONG_S, Wake()))
    assert inside.wait(LONG_S)
    assert script.done.wait(LONG_S)
    stuck_fault, given_up = stuck.fault(), stuck.stuck()
    monkeypatch.setattr(loops, "HANGS_AFTER_S", -2.0)
    assert stuck.stuck() == "stuck has not moved for -2 s"
    go_on.set()
    assert stuck_fault == "stuck has not moved for -1 s"
    assert given_up is None
    resting.ask_to_stop()
    assert resting.join(LONG_S)
    assert resting.fault() is None
