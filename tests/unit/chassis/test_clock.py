"""The settable clock: forwards only, kept in a file, shared by all who name it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from services.chassis.clock import SettableClock, SystemClock

EIGHT = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the clock is kept; its folder does not stand yet."""
    return tmp_path / "home" / "clock.txt"


def test_the_system_clock_says_the_time_in_utc() -> None:
    before, now = datetime.now(UTC), SystemClock().now()
    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)


def test_a_clock_never_set_runs_with_the_machine(path: Path) -> None:
    assert abs(SettableClock(path).now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_clock_that_was_set_stands_still(path: Path) -> None:
    clock = SettableClock(path)
    clock.set(EIGHT)
    assert clock.now() == clock.now() == EIGHT


def test_two_clocks_of_one_file_show_the_same_and_it_survives_both(path: Path) -> None:
    one, two = SettableClock(path), SettableClock(path)
    one.set(EIGHT)
    assert two.advance(timedelta(minutes=5)) == one.now()
    assert SettableClock(path).now() == EIGHT + timedelta(minutes=5)


def test_the_clock_only_goes_forwards(path: Path) -> None:
    clock = SettableClock(path)
    clock.set(EIGHT)
    clock.set(EIGHT)
    with pytest.raises(ValueError, match="only goes forwards"):
        clock.set(EIGHT - timedelta(microseconds=1))
    with pytest.raises(ValueError, match="only goes forwards"):
        clock.advance(timedelta(seconds=-1))
    assert clock.now() == EIGHT


def test_a_time_without_a_zone_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="zone"):
        SettableClock(path).set(EIGHT.replace(tzinfo=None))


def test_a_time_of_another_zone_is_shown_in_utc(path: Path) -> None:
    clock = SettableClock(path)
    clock.set(EIGHT.astimezone(timezone(timedelta(hours=-7))))
    assert clock.now() == EIGHT
    assert clock.now().utcoffset() == timedelta(0)


def test_many_who_advance_at_once_lose_no_step(path: Path) -> None:
    SettableClock(path).set(EIGHT)
    with ThreadPoolExecutor(8) as pool:
        steps = [pool.submit(SettableClock(path).advance, timedelta(seconds=1)) for _ in range(80)]
    assert len({step.result() for step in steps}) == 80
    assert SettableClock(path).now() == EIGHT + timedelta(seconds=80)


def test_setting_leaves_no_draft_behind(path: Path) -> None:
    SettableClock(path).set(EIGHT)
    assert sorted(p.name for p in path.parent.iterdir()) == ["clock.lock", "clock.txt"]
