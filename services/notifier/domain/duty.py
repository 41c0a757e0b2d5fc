"""When a member of staff is on call: weekly hours by the wall clock, or from now until a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Hours:
    """On ISO weekdays 1 (Monday) to 7; ending at or before the beginning runs past midnight."""

    weekdays: tuple[int, ...]
    begins_at: str
    ends_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What somebody does for those who write: everyday notices, and when on call.

    Without a ``time_zone`` the hours are by the agency's clock.
    """

    everyday: bool = True
    hours: tuple[Hours, ...] = ()
    time_zone: str | None = None
    on_call_until: datetime | None = None


def is_on_call(duty: Duty, time_zone: str, now: datetime) -> bool:
    """Whether somebody is on call at a moment; ``time_zone`` is their agency's.

    By the wall clock: an hour that a clock change repeats counts twice, one that it swallows never.
    """
    if duty.on_call_until is not None and now < duty.on_call_until:
        return True
    return _covered(duty.hours, now.astimezone(_zone(duty.time_zone or time_zone)))


def _covered(hours: Sequence[Hours], wall: datetime) -> bool:
    return any(_covers(entry, wall.isoweekday(), wall.time()) for entry in hours)


def _covers(entry: Hours, today: int, clock: time) -> bool:
    begins, ends = time.fromisoformat(entry.begins_at), time.fromisoformat(entry.ends_at)
    if begins < ends:
        return today in entry.weekdays and begins <= clock < ends
    yesterday = (today - 2) % 7 + 1
    return (today in entry.weekdays and clock >= begins) or (
        yesterday in entry.weekdays and clock < ends
    )


def _zone(name: str) -> ZoneInfo:
    """The zone of that name; one that nobody knows counts as UTC, as in letters."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # whichever a bad name meets first
        return ZoneInfo("UTC")
