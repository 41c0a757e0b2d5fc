"""When a program is open, by the wall clock of its own time zone."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
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


def next_opening(hours: Sequence[Hours], time_zone: str, now: datetime) -> datetime | None:
    """``now`` where it is open, else the next moment at which it opens; None = unknown hours."""
    zone = ZoneInfo(time_zone)
    moments = {now, *_starts(hours, zone, now), *_changes(zone, now)}
    ahead = sorted(moment for moment in moments if moment >= now)
    return next((m for m in ahead if is_open(hours, time_zone, m)), None)


def _covers(entry: Hours, wall: datetime) -> bool:
    opens, closes = time.fromisoformat(entry.opens_at), time.fromisoformat(entry.closes_at)
    today, clock = wall.isoweekday(), wall.time()
    if opens < closes:
        return today in entry.weekdays and opens <= clock < closes
    yesterday = (today - 2) % 7 + 1
    return (today in entry.weekdays and clock >= opens) or (
        yesterday in entry.weekdays and clock < closes
    )


def _starts(hours: Sequence[Hours], zone: ZoneInfo, now: datetime) -> Iterator[datetime]:
    """Every opening within the horizon; an hour that the clock repeats opens twice."""
    first = now.astimezone(zone).date()
    for days in range(HORIZON.days):
        day = first + timedelta(days=days)
        for entry in hours:
            if day.isoweekday() in entry.weekdays:
                opens = datetime.combine(day, time.fromisoformat(entry.opens_at), zone)
                yield opens.astimezone(UTC)
                yield opens.replace(fold=1).astimezone(UTC)


def _changes(zone: ZoneInfo, now: datetime) -> Iterator[datetime]:
    """Every change of the zone's clock within the horizon, to the minute."""
    start = now.astimezone(UTC)
    for days in range(HORIZON.days):
        early, late = start + days * _DAY, start + (days + 1) * _DAY
        if _offset(zone, early) != _offset(zone, late):
            yield _change_between(zone, early, late)


def _change_between(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    early, late = early.replace(second=0, microsecond=0), late.replace(second=0, microsecond=0)
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
