"""The clocks: a settable one in a file that all share, and one that follows a server's."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from services.chassis.clock import (
    LONGEST_ROUND_S,
    RENEW_S,
    ServerClock,
    SettableClock,
    SystemClock,
)

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


class Server:
    """A database server's clock, and the machine's: both go only when they are moved."""

    def __init__(self) -> None:
        self.moment = EIGHT
        self.machine = 1000.0
        self.round_s = 0.0
        self.away = False
        self.asked = 0

    def measure(self) -> datetime:
        """Its time, in the middle of the time that the answer takes."""
        self.asked += 1
        if self.away:
            raise OperationalError("SELECT clock_timestamp()", {}, Exception("gone"))
        self.run(self.round_s / 2)
        said = self.moment
        self.run(self.round_s / 2)
        return said

    def run(self, seconds: float) -> None:
        """Let both clocks go on."""
        self.moment += timedelta(seconds=seconds)
        self.machine += seconds

    def clock(self) -> ServerClock:
        """The clock under test."""
        return ServerClock(self.measure, lambda: self.machine)


def test_a_server_clock_shows_the_servers_time_and_runs_on_without_asking() -> None:
    server = Server()
    clock = server.clock()
    assert clock.now() == EIGHT
    asked = server.asked
    server.run(RENEW_S - 1)
    assert clock.now() == EIGHT + timedelta(seconds=RENEW_S - 1) == server.moment
    assert server.asked == asked


def test_a_server_clock_follows_a_server_that_was_set_after_ten_seconds() -> None:
    server = Server()
    clock = server.clock()
    clock.now()
    server.moment += timedelta(seconds=5)
    server.run(1.0)
    assert clock.now() == server.moment - timedelta(seconds=5)
    server.run(RENEW_S)
    assert clock.now() == server.moment


def test_a_server_clock_takes_the_answer_for_the_middle_of_the_round() -> None:
    server = Server()
    server.round_s = 0.2
    assert server.clock().now() == server.moment


def test_an_answer_that_took_long_does_not_move_a_server_clock() -> None:
    server = Server()
    clock = server.clock()
    clock.now()
    server.moment += timedelta(seconds=5)
    server.round_s = LONGEST_ROUND_S * 2
    server.run(RENEW_S)
    assert clock.now() == server.moment - timedelta(seconds=5)


def test_a_server_clock_runs_on_while_the_server_is_away_and_asks_it_every_ten_seconds() -> None:
    server = Server()
    clock = server.clock()
    clock.now()
    server.away = True
    before = server.asked
    for _ in range(int(RENEW_S) * 3):
        server.run(1.0)
        assert clock.now() == server.moment
    assert server.asked - before == 3
    server.away = False
    server.moment += timedelta(seconds=5)
    server.run(RENEW_S)
    assert clock.now() == server.moment


def test_a_server_clock_shows_no_time_before_the_server_ever_told_one() -> None:
    server = Server()
    server.away = True
    clock = server.clock()
    with pytest.raises(OperationalError):
        clock.now()
    server.away = False
    assert clock.now() == EIGHT
