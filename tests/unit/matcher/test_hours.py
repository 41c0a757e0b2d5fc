"""Opening hours against a plain reading of the wall clock, over clock changes and midnights."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matcher.domain.directory import Hours
from services.matcher.domain.hours import is_open, next_opening

CHICAGO = "America/Chicago"
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
# Chicago: forwards 14 March 2027 08:00 UTC, back 7 November 2027 07:00 UTC. Lord Howe moves by half
# an hour, Kathmandu lies 5:45 off and never changes.
ZONES = st.sampled_from([CHICAGO, "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu"])
STARTS = st.sampled_from(
    [
        datetime(2027, 3, 13, 20, tzinfo=UTC),
        datetime(2027, 3, 27, 20, tzinfo=UTC),
        datetime(2027, 11, 6, 20, tzinfo=UTC),
        datetime(2027, 10, 30, 20, tzinfo=UTC),
        datetime(2027, 4, 3, 10, tzinfo=UTC),
        datetime(2027, 10, 2, 10, tzinfo=UTC),
        datetime(2027, 6, 1, tzinfo=UTC),
    ]
)
CLOCKS = st.integers(0, 95).map(lambda n: f"{n // 4:02d}:{n % 4 * 15:02d}")
DAYS = st.sets(st.integers(1, 7), min_size=1).map(lambda found: tuple(sorted(found)))
ENTRIES = st.lists(st.builds(Hours, DAYS, CLOCKS, CLOCKS), max_size=3)


def minutes_of_week(hours: list[Hours]) -> set[int]:
    """Every minute of a week, from Monday 00:00, at which the wall clock finds it open."""
    found = set()
    for entry in hours:
        opens, closes = (int(t[:2]) * 60 + int(t[3:]) for t in (entry.opens_at, entry.closes_at))
        length = (closes - opens) % 1440 or 1440
        for day in entry.weekdays:
            start = (day - 1) * 1440 + opens
            found |= {(start + minute) % 10080 for minute in range(length)}
    return found


def plainly_open(table: set[int], zone: str, moment: datetime) -> bool:
    wall = moment.astimezone(ZoneInfo(zone))
    return ((wall.isoweekday() - 1) * 1440 + wall.hour * 60 + wall.minute) in table


@given(ENTRIES, ZONES, STARTS, st.integers(0, 48 * 60))
def test_open_is_what_the_wall_clock_says(
    hours: list[Hours], zone: str, start: datetime, later: int
) -> None:
    moment = start + timedelta(minutes=later)
    assert is_open(hours, zone, moment) is plainly_open(minutes_of_week(hours), zone, moment)


@settings(deadline=None)
@given(ENTRIES, ZONES, STARTS, st.integers(0, 12 * 60))
def test_the_next_opening_is_the_first_open_minute(
    hours: list[Hours], zone: str, start: datetime, later: int
) -> None:
    """Hours, zones and their changes all lie on quarters of an hour, so those are looked at."""
    now = start + timedelta(minutes=later)
    table = minutes_of_week(hours)
    grid = (start + timedelta(minutes=m) for m in range(0, 9 * 1440, 15))
    ahead = [now, *(moment for moment in grid if moment > now)]
    first = next((m for m in ahead if plainly_open(table, zone, m)), None)
    found = next_opening(hours, zone, now)
    if first is None and found is not None:  # a clock change swallowed this week's opening
        assert found > start + timedelta(days=9) - timedelta(minutes=15)
    else:
        assert found == first


def test_unknown_hours_are_not_open_and_open_never() -> None:
    noon = datetime(2027, 3, 1, 12, tzinfo=UTC)
    assert is_open([], CHICAGO, noon) is False
    assert next_opening([], CHICAGO, noon) is None


@pytest.mark.parametrize(
    ("local", "expected"),
    [("19:59", False), ("20:00", True), ("23:59", True), ("07:59", True), ("08:00", False)],
)
def test_a_night_shelter_is_open_past_midnight(local: str, *, expected: bool) -> None:
    night = [Hours(EVERY_DAY, "20:00", "08:00")]
    wall = datetime.fromisoformat(f"2027-06-01T{local}").replace(tzinfo=ZoneInfo(CHICAGO))
    assert is_open(night, CHICAGO, wall) is expected


@pytest.mark.parametrize("weekday", EVERY_DAY)
def test_a_night_ends_on_the_next_morning_and_on_no_other(weekday: int) -> None:
    night = [Hours((weekday,), "22:00", "02:00")]
    first = datetime(2027, 6, 7, 1, tzinfo=ZoneInfo(CHICAGO))  # a Monday
    week = [first + timedelta(days=day) for day in range(7)]
    mornings = [morning.isoweekday() for morning in week if is_open(night, CHICAGO, morning)]
    assert mornings == [weekday % 7 + 1]


def test_midnight_to_midnight_is_always_open() -> None:
    always = [Hours(EVERY_DAY, "00:00", "00:00")]
    start = datetime(2027, 3, 14, tzinfo=UTC)
    assert all(is_open(always, CHICAGO, start + timedelta(minutes=m)) for m in range(0, 3000, 7))


def test_an_opening_in_the_hour_that_is_left_out_begins_after_it() -> None:
    early = [Hours((7,), "02:30", "05:00")]
    asked = datetime(2027, 3, 14, 7, tzinfo=UTC)
    assert next_opening(early, CHICAGO, asked) == datetime(2027, 3, 14, 8, tzinfo=UTC)
