"""The watchdog: who stands still while records wait is at fault, and nobody else is."""

import pytest

from services.chassis.event_log import LogUnavailableError
from services.chassis.watchdog import STILL_AFTER_S, LogWatch, Watchdog

LONG_S = STILL_AFTER_S + 1


class Ages:
    """A clock of seconds, and a lag, to be set; a lag of None is a log that is away.

    Of the lag this member owes all, unless it is told how much.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.lag: int | None = 0
        self.owed: int | None = None
        self.watchdog = Watchdog(self.ask, self.ask_owed, lambda: self.seconds)

    def ask(self) -> int:
        """The lag."""
        if self.lag is None:
            raise LogUnavailableError("away")
        return self.lag

    def ask_owed(self) -> int:
        """What waits for this member."""
        return self.ask() if self.owed is None else self.owed

    def ping(self) -> None:
        """Raise while the log is away."""
        self.ask()

    def after(self, seconds: float, lag: int, owed: int | None = None) -> str | None:
        """What the watchdog says when it looks then, at that lag."""
        self.seconds += seconds
        self.lag, self.owed = lag, owed
        self.watchdog.look()
        return self.watchdog.fault()


@pytest.fixture
def ages() -> Ages:
    """A watchdog at its beginning."""
    return Ages()


def test_a_position_that_stands_still_while_records_wait_is_a_fault(ages: Ages) -> None:
    assert ages.after(0, lag=4) is None
    assert ages.after(LONG_S, lag=4) == "has not moved for 61 s while 4 records wait"


def test_more_records_coming_in_excuse_nobody(ages: Ages) -> None:
    assert ages.after(0, lag=4) is None
    assert ages.after(LONG_S, lag=9) == "has not moved for 61 s while 9 records wait"


def test_a_consumer_that_had_nothing_to_do_is_not_at_fault_when_something_comes(ages: Ages) -> None:
    assert ages.after(0, lag=0) is None
    assert ages.after(3600, lag=1) is None


def test_a_consumer_that_moves_is_not_at_fault_however_far_behind(ages: Ages) -> None:
    for _ in range(5):
        assert ages.after(LONG_S, lag=10_000) is None
        ages.watchdog.moved()


def test_a_move_takes_the_fault_back_before_the_next_look(ages: Ages) -> None:
    ages.after(0, lag=4)
    assert ages.after(LONG_S, lag=4) is not None
    ages.watchdog.moved()
    assert ages.watchdog.fault() is None


def test_a_member_that_owes_nothing_is_not_at_fault_while_another_cannot_finish_its_batch(
    ages: Ages,
) -> None:
    for _ in range(14):  # the database is away for 70 s; whoever has the batch says so
        assert ages.after(5, lag=50, owed=0) is None


def test_a_hot_partition_of_another_member_is_no_fault_of_ours(ages: Ages) -> None:
    for lag in (50, 400, 3000, 20_000):
        assert ages.after(LONG_S, lag=lag, owed=0) is None


def test_a_member_that_owes_is_at_fault_even_while_the_others_catch_up(ages: Ages) -> None:
    assert ages.after(0, lag=5000, owed=3) is None
    assert ages.after(LONG_S, lag=9, owed=3) == "has not moved for 61 s while 3 records wait"


def test_a_member_whose_partitions_went_to_another_starts_anew(ages: Ages) -> None:
    ages.after(0, lag=50, owed=40)
    assert ages.after(LONG_S, lag=50, owed=20) is None


def test_a_consumer_that_caught_up_starts_anew(ages: Ages) -> None:
    for lag in (3, 0, 3):
        assert ages.after(STILL_AFTER_S - 1, lag=lag) is None


def test_a_log_that_was_away_is_nobody_s_fault_when_it_is_back(ages: Ages) -> None:
    ages.after(0, lag=3)
    ages.lag = None
    with pytest.raises(LogUnavailableError):
        ages.watchdog.look()
    assert ages.watchdog.fault() is None
    assert ages.after(LONG_S, lag=3) is None
    assert ages.after(LONG_S, lag=3) is not None


def test_a_watch_tells_the_lag_of_the_last_look_and_none_while_the_log_is_away(ages: Ages) -> None:
    watch = LogWatch(ages.ping, [ages.watchdog])
    seen = [watch.lag]
    ages.lag = 7
    watch.tick()
    seen.append(watch.lag)
    ages.lag = None
    with pytest.raises(LogUnavailableError):
        watch.tick()
    assert [*seen, watch.lag] == [None, 7, None]


def test_a_process_without_consumers_watches_the_log_and_tells_no_lag(ages: Ages) -> None:
    watch = LogWatch(ages.ping, [])
    watch.tick()
    assert watch.lag is None


def test_a_log_that_was_never_reached_is_a_fault_from_the_very_first_on(ages: Ages) -> None:
    watch = LogWatch(ages.ping, [ages.watchdog])
    unknown = "the event log has not answered yet"
    said = [watch.fault()]
    ages.lag = None
    with pytest.raises(LogUnavailableError):
        watch.tick()
    said.append(watch.fault())
    ages.lag = 0
    watch.tick()
    assert [*said, watch.fault()] == [unknown, unknown, None]
