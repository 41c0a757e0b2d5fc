"""When a program is open, by the wall clock of its own time zone."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.matcher.domain.directory import Hours

# Two weeks: an opening that a clock change swallows comes again a week later.
HORIZON: Final = timedelta(days=15)
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


def is_open(hours: Sequence[Hours], time_zone: str, now: datetime) -> bool:
    """Whether the wall clock of the zone lies within the hours; unknown hours are not open."""
    wall = now.astimezone(ZoneInfo(time_zone))
    return any(_covers(entry, wall) for entry in hours)


def are_known(hours: Sequence[Hours], time_zone: str, now: datetime) -> bool:
    """Whether anybody says when it is open: some hours stand now, or will."""
    today = now.astimezone(ZoneInfo(time_zone)).date().isoformat()
    stand = any(entry.valid_to is None or entry.valid_to >= today for entry in hours)
    return stand or is_open(hours, time_zone, now)


def next_opening(hours: Sequence[Hours], time_zone: str, now: datetime) -> datetime | None:
    """``now`` where it is open, else the next moment at which it opens.

    None = unknown hours, or none within ``HORIZON``.
    """
    moments = _moments(hours, ZoneInfo(time_zone), now)
    return next((m for m in moments if is_open(hours, time_zone, m)), None)


def open_until(hours: Sequence[Hours], time_zone: str, now: datetime) -> datetime | None:
    """``now`` where it is closed, else when it closes; None = not within ``HORIZON``."""
    moments = _moments(hours, ZoneInfo(time_zone), now)
    return next((m for m in moments if not is_open(hours, time_zone, m)), None)


def _covers(entry: Hours, wall: datetime) -> bool:
    opens, closes = time.fromisoformat(entry.opens_at), time.fromisoformat(entry.closes_at)
    today, clock = wall.date(), wall.time()
    if opens < closes:
        return opens <= clock < closes and _stands_on(entry, today)
    return (clock >= opens and _stands_on(entry, today)) or (
        clock < closes and _stands_on(entry, today - _DAY)
    )


def _stands_on(entry: Hours, day: date) -> bool:
    if day.isoweekday() not in entry.weekdays:
        return False
    return (entry.valid_from or "") <= day.isoformat() <= (entry.valid_to or "9999-12-31")


def _moments(hours: Sequence[Hours], zone: ZoneInfo, now: datetime) -> Iterator[datetime]:
    """``now``, then in their order all moments within the horizon at which it may open or close."""
    yield now
    texts = {text for entry in hours for text in (entry.opens_at, entry.closes_at)}
    clocks = [time.fromisoformat(text) for text in texts]
    first = now.astimezone(zone).date()
    for days in range(HORIZON.days):
        found = _on(first + timedelta(days=days), clocks, zone) if clocks else set()
        yield from sorted(moment for moment in found if moment > now)


def _on(day: date, clocks: Sequence[time], zone: ZoneInfo) -> set[datetime]:
    """When clocks of the zone show one of these on a day, and every change of them on it.

    What the clock shows twice comes twice.
    """
    shown = [datetime.combine(day, clock, zone) for clock in clocks]
    found = {wall.replace(fold=fold).astimezone(UTC) for wall in shown for fold in (0, 1)}
    start, end = (datetime.combine(d, time(), zone).astimezone(UTC) for d in (day, day + _DAY))
    if _offset(zone, start) != _offset(zone, end):
        found.add(_change_between(zone, start, end))
    return found


def _change_between(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """To the minute."""
    before = _offset(zone, early)
    while late - early > _MINUTE:
        middle = early + (late - early) // _MINUTE // 2 * _MINUTE
        if _offset(zone, middle) == before:
            early = middle
        else:
            late = middle
    return late


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()
