"""When a delivery is tried again: a fixed schedule with a jitter that a replay repeats."""

import hashlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

_HOURS: Final = (2, 5, 10, 14, 20, 24)
# The wait before each try; the schedule of Standard Webhooks.
WAITS: Final = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in _HOURS),
)
JITTER: Final = 0.1


def next_try(notice_id: UUID, tried: int, now: datetime) -> datetime | None:
    """When to try again after ``tried`` failures, up to a tenth late; None = give up."""
    if tried >= len(WAITS):
        return None
    return now + WAITS[tried] * (1 + JITTER * _share(notice_id, tried))


def _share(notice_id: UUID, tried: int) -> float:
    """From 0 up to 1, spread evenly and the same for the same try."""
    digest = hashlib.sha256(f"{notice_id}/{tried}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
