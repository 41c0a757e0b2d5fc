"""When a delivery is tried again, and when it is given up."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.retries import JITTER, WAITS, next_try

NOW: Final = datetime(2027, 3, 1, 15, tzinfo=UTC)


def test_the_waits_are_those_that_are_promised() -> None:
    minutes = [wait.total_seconds() / 60 for wait in WAITS]
    assert minutes == [0, 5 / 60, 5, 30, 120, 300, 600, 840, 1200, 1440]
    assert all(earlier < later for earlier, later in pairwise(WAITS))


@given(st.uuids(), st.integers(0, len(WAITS) - 1))
def test_each_try_comes_after_its_wait_and_at_most_a_tenth_later(ident: UUID, tried: int) -> None:
    at = next_try(ident, tried, NOW)
    assert at is not None
    assert WAITS[tried] <= at - NOW <= WAITS[tried] * (1 + JITTER)
    assert next_try(ident, tried, NOW) == at


@given(st.uuids(), st.integers(len(WAITS)))
def test_after_the_last_try_there_is_none(ident: UUID, tried: int) -> None:
    assert next_try(ident, tried, NOW) is None


def test_letters_that_fail_together_do_not_all_return_together() -> None:
    hour = [next_try(UUID(int=n), 4, NOW) for n in range(100)]
    times = sorted(at for at in hour if at)
    assert len(set(times)) > 90
    assert times[-1] - times[0] > timedelta(minutes=8)
