"""Free-text hours against a reader that tries every meaning, minute by minute of a week."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matcher.domain.directory import Hours
from services.matcher.hsds.hours_text import hours_in, hours_of_cells

DAY, WEEK = 24 * 60, 7 * 24 * 60
NAMES = ("Mon", "Tues", "Wednesday", "Thur.", "Fri", "saturdays", "SUN")
# A time as it is written, with the minutes of the day that somebody may mean by it.
HALVES = {"am": (0,), "p.m.": (720,), " PM": (720,), "": (0, 720)}
Clock = tuple[int, int | None, str]
CLOCKS = st.tuples(
    st.integers(1, 12), st.sampled_from([None, 0, 5, 30]), st.sampled_from(list(HALVES))
)
SPANS = st.tuples(CLOCKS, CLOCKS)
DASHES = st.sampled_from(["-", " - ", "\u2013", " to ", " until "])
DAYS = st.lists(st.integers(0, 6), min_size=1, max_size=3, unique=True)


def written(clock: Clock) -> str:
    hour, minute, half = clock
    return f"{hour}{half}" if minute is None else f"{hour}:{minute:02d}{half}"


def meant(clock: Clock) -> list[int]:
    """Every minute of the day that a time may mean."""
    hour, minute, half = clock
    return [hour % 12 * 60 + (minute or 0) + later for later in HALVES[half]]


def readings(opens: Clock, closes: Clock) -> list[tuple[int, int]]:
    """Every opening that may be meant, as start and length; of guesses none over twelve hours."""
    found = []
    for start, end in product(meant(opens), meant(closes)):
        length = next(n for n in range(1, DAY + 1) if (start + n) % DAY == end)
        found.append((start, length))
    if len(found) > 1:
        found = [(start, length) for start, length in found if length <= DAY // 2]
    return [(start, length) for start, length in found if length < DAY or start == 0]


def minutes(starts: list[int], opening: tuple[int, int]) -> set[int]:
    """The minutes of the week that are open, one by one."""
    start, length = opening
    return {(day * DAY + start + n) % WEEK for day in starts for n in range(length)}


def open_minutes(hours: tuple[Hours, ...]) -> set[int]:
    """The minutes of the week in which hours are open, as everybody reads hours."""
    found = set()
    for entry in hours:
        opens, closes = (
            int(text[:2]) * 60 + int(text[3:]) for text in (entry.opens_at, entry.closes_at)
        )
        length = closes - opens if closes > opens else closes + DAY - opens
        found |= minutes([day - 1 for day in entry.weekdays], (opens, length))
    return found


@given(DAYS, SPANS, DASHES, st.sampled_from([" ", ": ", " ("]), st.booleans())
@settings(max_examples=250, deadline=None)
def test_what_is_told_is_the_one_meaning_that_there_is(
    days: list[int],
    span: tuple[Clock, Clock],
    dash: str,
    gap: str,
    times_first: bool,  # noqa: FBT001 - hypothesis hands it over
) -> None:
    named = " & ".join(NAMES[day] for day in days)
    times = f"{written(span[0])}{dash}{written(span[1])}"
    text = f"{times} {named}" if times_first else f"{named}{gap}{times}"
    found, expected = hours_in(text), readings(*span)
    if len(expected) != 1:
        assert found is None, text
    else:
        assert found is not None, text
        assert open_minutes(found) == minutes(days, expected[0]), text


@given(st.integers(0, 6), st.integers(0, 6), DASHES)
def test_from_one_day_to_another_are_the_days_between(first: int, last: int, dash: str) -> None:
    found = hours_in(f"{NAMES[first]}{dash}{NAMES[last]} 9am-5pm")
    walked, day = [first], first
    while day != last:
        day = (day + 1) % 7
        walked.append(day)
    assert found is not None
    assert set(found[0].weekdays) == {day + 1 for day in walked}


@given(st.text(max_size=60))
def test_any_text_is_read_or_unknown(text: str) -> None:
    found = hours_in(text)
    assert found is None or found


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=12), st.booleans())
def test_a_word_that_is_not_understood_makes_all_of_it_unknown(
    word: str,
    first: bool,  # noqa: FBT001 - hypothesis hands it over
) -> None:
    known = {"from", "open", "hour", "hours", "noon", "midnight", "closed", "daily", "thru", "till"}
    known |= {
        "through",
        "until",
        "weekday",
        "weekdays",
        "weekend",
        "weekends",
        "monday",
        "everyday",
    }
    text = f"{word} Mon-Fri 9am-5pm" if first else f"Mon-Fri 9am-5pm {word}"
    if word not in known and not word.startswith(("mon", "tue", "wed", "thu", "fri", "sat", "sun")):
        assert hours_in(text) is None


WEEK_DAYS = (1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("Tues-Sat: 10-6pm", (Hours((2, 3, 4, 5, 6), "10:00", "18:00"),)),
        ("24/7", (Hours((1, 2, 3, 4, 5, 6, 7), "00:00", "00:00"),)),
        ("7 days a week, 24 hours a day", (Hours((1, 2, 3, 4, 5, 6, 7), "00:00", "00:00"),)),
        ("Mon-Fri 08:00-18:00, closed Sunday", (Hours(WEEK_DAYS, "08:00", "18:00"),)),
        ("weekdays noon to midnight", (Hours(WEEK_DAYS, "12:00", "00:00"),)),
        ("M-F 10p-6a", (Hours(WEEK_DAYS, "22:00", "06:00"),)),
        (
            "Mon, Tues, Thurs, Fri: 12-8pm, Wed: 9-5pm",
            (Hours((1, 2, 4, 5), "12:00", "20:00"), Hours((3,), "09:00", "17:00")),
        ),
        (
            "Tues & Thurs: 9am-4pm, Thurs: 7-8:30pm",
            (Hours((2, 4), "09:00", "16:00"), Hours((4,), "19:00", "20:30")),
        ),
    ],
)
def test_what_people_write_is_read(text: str, hours: tuple[Hours, ...]) -> None:
    assert hours_in(text) == hours


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mon-Fri 9-5",
        "Mon-Fri",
        "9am-5pm",
        "Mon: 6:00PM",
        "2nd Wednesdays, 6-9 PM",
        "Mon 9am-9am",
        "Mon 25-26",
        "Mon 0-5pm",
        "Mon 9:75am-5pm",
        "Mon 10.30am-2pm",
        "Mon-Fri 9am-5pm except holidays",
        "Mon 9am-5pm, closed Monday",
        "Mon-Fri-Sun 9am-5pm",
        "daily-Fri 9am-5pm",
        "closed",
        "Mon 9am-5pm " * 40,
    ],
)
def test_what_is_not_certain_is_unknown(text: str) -> None:
    assert hours_in(text) is None


def test_the_cells_of_times_are_read_where_the_text_names_days_alone() -> None:
    assert hours_of_cells("Mon-Fri", "9:00", "4:30 PM") == (Hours(WEEK_DAYS, "09:00", "16:30"),)
    assert hours_of_cells("Sat: 8AM-10AM", "1 PM", "2 PM") == (Hours((6,), "08:00", "10:00"),)
    for days, opens, closes in (
        ("Mon-Fri", "9:00", ""),
        ("Mon-Fri", "24 hours", "5 PM"),
        ("", "9 AM", "5 PM"),
        ("1st Mon", "9 AM", "5 PM"),
    ):
        assert hours_of_cells(days, opens, closes) is None
