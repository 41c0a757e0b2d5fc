"""When services are open: what schedules say with certainty, and nothing beside."""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.matcher.domain.directory import Hours
from services.matcher.hsds.hours_text import hours_in
from services.matcher.hsds.rows import Row, RowError

_DAYS: Final = {"MO": 1, "TU": 2, "WE": 3, "TH": 4, "FR": 5, "SA": 6, "SU": 7}
_CLOCK: Final = re.compile(
    r"([0-2]?[0-9]:[0-5][0-9])(?::[0-5][0-9])?(Z|[+-][0-2][0-9]:[0-5][0-9])?"
)
# Weeks that are picked out, or counted, are no weekly hours.
_PICKED: Final = ("byweekno", "bymonthday", "byyearday", "count")


class UnknownHoursError(Exception):
    """The row is right, and does not say hours that come every week; the text says why."""


def hours_of(row: Row, zone: str) -> tuple[Hours, ...]:
    """The weekly hours of a schedule by the clock of ``zone``.

    Raises RowError where it is wrong, and UnknownHoursError where it says something else.
    """
    begins, ends = _bounds(row)
    said = row.text("description")
    if not any(row.text(name) for name in ("byday", "opens_at", "closes_at")):
        _is_weekly(row, zone)
        read = hours_in(said) if said else None
        if read is None:
            raise UnknownHoursError("it names no days and times that can be told with certainty")
        return tuple(replace(one, valid_from=begins, valid_to=ends) for one in read)
    weekdays = _weekdays(row)
    opens, closes = _clock(row, "opens_at", zone), _clock(row, "closes_at", zone)
    _is_weekly(row, zone)
    if weekdays is None or opens is None or closes is None:
        raise UnknownHoursError("byday, opens_at and closes_at are not all there")
    return (Hours(weekdays, opens, closes, begins, ends),)


def _weekdays(row: Row) -> tuple[int, ...] | None:
    text = row.text("byday")
    if text is None:
        return None
    days = [day.strip() for day in text.split(",")]
    if not set(days) <= _DAYS.keys():
        if all(re.fullmatch(r"[+-]?[1-5]?(MO|TU|WE|TH|FR|SA|SU)", day) for day in days):
            raise UnknownHoursError("byday picks out weeks of a month")
        raise RowError(f"byday: must be days such as MO,TU of {','.join(_DAYS)}")
    return tuple(sorted({_DAYS[day] for day in days}))


def _clock(row: Row, column: str, zone: str) -> str | None:
    text = row.text(column)
    if text is None:
        return None
    found = _CLOCK.fullmatch(text)
    clock = found[1].zfill(len("00:00")) if found else ""
    if found is None or clock > "23:59":
        raise RowError(f"{column}: must be a local time, 00:00 to 23:59")
    if found[2] is not None and _seconds(found[2]) not in _offsets(zone):
        raise UnknownHoursError(f"{column}: {text} is not a time of {zone}")
    return clock


def _is_weekly(row: Row, zone: str) -> None:
    """Raises UnknownHoursError where the schedule comes otherwise than every week."""
    if (row.text("freq") or "WEEKLY") != "WEEKLY":
        raise UnknownHoursError("freq is not WEEKLY")
    if (row.text("interval") or "1") != "1":
        raise UnknownHoursError("interval is not 1")
    picked = [column for column in _PICKED if row.text(column)]
    if picked:
        raise UnknownHoursError(f"{', '.join(picked)}: it picks out weeks")
    said = row.text("timezone")
    if said is not None and _hours_of_offset(said) not in _offsets(zone):
        raise UnknownHoursError(f"timezone: {said} is not an offset of {zone}")


def _hours_of_offset(text: str) -> timedelta | None:
    if not re.fullmatch(r"[+-]?[0-9]{1,2}(\.[0-9]{1,4})?", text):
        return None
    return timedelta(hours=float(text))


def _seconds(text: str) -> timedelta:
    if text == "Z":
        return timedelta(0)
    hours, minutes = int(text[1:3]), int(text[4:6])
    size = timedelta(hours=hours, minutes=minutes)
    return -size if text.startswith("-") else size


def _offsets(zone: str) -> set[timedelta | None]:
    """The offsets from UTC that a zone's clocks have in summer and in winter."""
    clock = ZoneInfo(zone)
    return {datetime(2026, month, 15, tzinfo=clock).utcoffset() for month in (1, 7)}


def _bounds(row: Row) -> tuple[str | None, str | None]:
    """The first and the last local day; of several the later first and the earlier last."""
    firsts, lasts = (
        [day for column in columns if (day := _day(row, column)) is not None]
        for columns in (("valid_from", "dtstart"), ("valid_to", "until"))
    )
    return max(firsts, default=None), min(lasts, default=None)


def _day(row: Row, column: str) -> str | None:
    text = row.text(column)
    if text is None:
        return None
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise RowError(f"{column}: must be a day such as 2026-03-03") from None
