"""Opening hours against a plain reading of the wall clock, over clock changes and midnights."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matcher.domain.directory import Hours
from services.matcher.domain.hours import are_known, is_open, next_opening, open_until

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
PERIODS = st.tuples(st.integers(-3, 6), st.integers(-3, 9), st.sampled_from("both from to".split()))
LOOKED_AT = timedelta(days=9)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Hours], str, datetime]:
    """Hours of a program, some of a period only, its zone, and a moment near a clock change."""
    start = draw(STARTS)
    hours = []
    for entry in draw(ENTRIES):
        first, last, ends = draw(PERIODS)
        valid_from = (start + timedelta(days=first)).date().isoformat()
        valid_to = (start + timedelta(days=last)).date().isoformat()
        begins = valid_from if ends != "to" else None
        until = valid_to if ends != "from" else None
        stands = replace(entry, valid_from=begins, valid_to=until)
        hours.append(stands if draw(st.booleans()) else entry)
    return hours, draw(ZONES), start + timedelta(minutes=draw(st.integers(0, 12 * 60)))


def minutes_from(hours: list[Hours], first: date) -> set[int]:
    """Every minute after a midnight at which the wall clock finds it open, for eleven days."""
    found: set[int] = set()
    for entry in hours:
        opens, closes = (int(t[:2]) * 60 + int(t[3:]) for t in (entry.opens_at, entry.closes_at))
        length = (closes - opens) % 1440 or 1440
        for number in range(-1, 11):
            day = first + timedelta(days=number)
            begun = entry.valid_from is None or date.fromisoformat(entry.valid_from) <= day
            ended = entry.valid_to is not None and date.fromisoformat(entry.valid_to) < day
            if day.weekday() + 1 in entry.weekdays and begun and not ended:
                start = number * 1440 + opens
                found |= set(range(start, start + length))
    return found


class Plain:
    """A table of minutes, looked up by the wall clock."""

    def __init__(self, hours: list[Hours], zone: str, now: datetime) -> None:
        self.zone = ZoneInfo(zone)
        self.first = now.astimezone(self.zone).date()
        self.open = minutes_from(hours, self.first)

    def is_open(self, moment: datetime) -> bool:
        wall = moment.astimezone(self.zone)
        days = (wall.date() - self.first).days
        return days * 1440 + wall.hour * 60 + wall.minute in self.open

    def first_that_is(self, now: datetime, *, is_open: bool) -> datetime | None:
        """Hours, zones and their changes all lie on quarters of an hour: those are looked at."""
        quarter = now.replace(minute=now.minute // 15 * 15)
        count = LOOKED_AT // timedelta(minutes=15)
        grid = (quarter + n * timedelta(minutes=15) for n in range(1, count))
        return next((m for m in (now, *grid) if self.is_open(m) is is_open), None)


@given(stories())
def test_open_is_what_the_wall_clock_says(story: tuple[list[Hours], str, datetime]) -> None:
    hours, zone, now = story
    plain = Plain(hours, zone, now)
    for moment in (now, now + timedelta(hours=7), now + timedelta(days=5, hours=3)):
        assert is_open(hours, zone, moment) is plain.is_open(moment)


@settings(deadline=None)
@given(stories())
def test_the_next_opening_is_the_first_open_minute_and_the_closing_the_first_other(
    story: tuple[list[Hours], str, datetime],
) -> None:
    hours, zone, now = story
    plain = Plain(hours, zone, now)
    found = {True: next_opening(hours, zone, now), False: open_until(hours, zone, now)}
    for is_open_then, moment in found.items():
        first = plain.first_that_is(now, is_open=is_open_then)
        if first is None and moment is not None:  # further ahead than the plain table looks
            assert moment > now + LOOKED_AT - timedelta(minutes=30)
        else:
            assert moment == first


def test_a_holiday_is_a_gap_between_two_periods() -> None:
    days = (1, 2, 3, 4, 5)
    before = Hours(days, "09:00", "17:00", valid_to="2027-12-23")
    after = Hours(days, "09:00", "17:00", valid_from="2027-12-27")
    eve = datetime(2027, 12, 24, 12, tzinfo=ZoneInfo(CHICAGO))
    assert is_open([before, after], CHICAGO, eve) is False
    monday = datetime(2027, 12, 27, 9, tzinfo=ZoneInfo(CHICAGO))
    assert next_opening([before, after], CHICAGO, eve) == monday
    assert are_known([before, after], CHICAGO, eve) is True


def test_a_night_that_began_before_a_holiday_goes_on_into_its_morning() -> None:
    night = [Hours(EVERY_DAY, "20:00", "08:00", valid_to="2027-12-24")]
    morning = datetime(2027, 12, 25, 7, 59, tzinfo=ZoneInfo(CHICAGO))
    assert is_open(night, CHICAGO, morning) is True
    assert is_open(night, CHICAGO, morning + timedelta(hours=13)) is False


def test_hours_whose_time_is_over_are_not_known() -> None:
    over = [Hours(EVERY_DAY, "00:00", "00:00", valid_to="2026-12-31")]
    assert are_known(over, CHICAGO, datetime(2027, 1, 1, 12, tzinfo=UTC)) is False
    last = datetime(2027, 1, 1, 5, 59, tzinfo=UTC)  # still the last day of the year in Chicago
    assert are_known(over, CHICAGO, last) is True


def test_unknown_hours_are_not_open_and_open_never() -> None:
    noon = datetime(2027, 3, 1, 12, tzinfo=UTC)
    assert is_open([], CHICAGO, noon) is False
    assert next_opening([], CHICAGO, noon) is None
    assert are_known([], CHICAGO, noon) is False


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
    assert open_until(always, CHICAGO, start) is None


def test_an_opening_in_the_hour_that_is_left_out_begins_after_it() -> None:
    early = [Hours((7,), "02:30", "05:00")]
    asked = datetime(2027, 3, 14, 7, tzinfo=UTC)
    assert next_opening(early, CHICAGO, asked) == datetime(2027, 3, 14, 8, tzinfo=UTC)
