"""Ids: each greater than the one before it, whatever the clock does and however many ask."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest

from services.chassis import ids
from services.chassis.ids import TimeOrdered, reference, uuid7
from tests.ports.samples import NOON

THREADS = 16


def milliseconds(one: UUID) -> int:
    """The time that an id carries."""
    return one.int >> 80


def grows(made: list[UUID]) -> bool:
    """Whether each is greater than the one before."""
    return all(first < second for first, second in itertools.pairwise(made))


def test_an_id_is_of_version_7_and_carries_its_time_to_the_millisecond() -> None:
    made = TimeOrdered().make(NOON + timedelta(microseconds=1999))
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert milliseconds(made) == int(NOON.timestamp()) * 1000 + 1


def test_ids_grow_while_the_clock_stands_still() -> None:
    assert grows([uuid7(NOON) for _ in range(10_000)])


def test_ids_grow_while_the_clock_goes_back_and_forth() -> None:
    maker = TimeOrdered()
    steps = [0, 5, -3600_000, 2, 6, -1, 6, 7]
    assert grows([maker.make(NOON + timedelta(milliseconds=step)) for step in steps * 3])


def test_a_full_counter_borrows_the_next_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "COUNTER_BITS", 3)
    maker = TimeOrdered()
    made = [maker.make(NOON) for _ in range(100)]
    assert grows(made)
    assert milliseconds(made[-1]) > milliseconds(made[0])


def test_sixteen_threads_get_no_id_twice_and_each_sees_its_own_grow() -> None:
    gate = threading.Barrier(THREADS)

    def run() -> list[UUID]:
        gate.wait()
        return [uuid7(NOON) for _ in range(500)]

    with ThreadPoolExecutor(THREADS) as pool:
        parts = [done.result() for done in [pool.submit(run) for _ in range(THREADS)]]
    assert all(grows(part) for part in parts)
    assert len({one for part in parts for one in part}) == THREADS * 500


def test_nobody_guesses_the_next_id_from_the_one_before() -> None:
    tails = {uuid7(NOON).int & (2**ids.TAIL_BITS - 1) for _ in range(1000)}
    assert len(tails) == 1000


def test_a_reference_survives_a_phone_call() -> None:
    for one in (reference() for _ in range(200)):
        assert len(one) == 9
        assert not set(one) & set("ILOU")
