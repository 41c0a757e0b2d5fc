"""The embedded event log: the suite of every log, and what is its own."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.topics import TOPICS
from services.chassis.database import Database
from services.chassis.embedded_log import EmbeddedLog
from services.chassis.event_log import EventLog, LogUnavailableError
from tests.ports.event_log_suite import EventLogSuite, commit, read_all
from tests.ports.samples import PROGRAMS, TALLIES, StillClock, message

OpenEmbedded = Callable[[], EmbeddedLog]


@pytest.fixture
def clock() -> StillClock:
    """The clock that dates the records."""
    return StillClock()


@pytest.fixture
def open_embedded(tmp_path: Path, clock: StillClock) -> Iterator[OpenEmbedded]:
    """Opens the log of one file, again and again."""
    opened: list[EmbeddedLog] = []

    def open_one() -> EmbeddedLog:
        database = Database(f"sqlite:///{tmp_path / 'events.sqlite'}")
        opened.append(EmbeddedLog(database, clock.now))
        return opened[-1]

    yield open_one
    for log in opened:
        log.close()


class TestEmbeddedLog(EventLogSuite):
    """The embedded adapter passes the suite of the port."""

    @pytest.fixture
    def open_log(self, open_embedded: OpenEmbedded) -> Callable[[], EventLog]:
        """The port's view of it."""
        return open_embedded


def test_a_waiting_poll_returns_when_something_is_published(open_embedded: OpenEmbedded) -> None:
    log = open_embedded()
    member = log.subscribe("group", [TALLIES], "one")
    got: list[int] = []
    reader = threading.Thread(target=lambda: got.append(len(member.poll(10, 60.0))))
    reader.start()
    log.publish([message(1)])
    reader.join(10.0)
    assert got == [1]


def test_a_publish_between_reading_and_waiting_is_not_slept_through(
    open_embedded: OpenEmbedded,
) -> None:
    log = open_embedded()
    seen = log.news()
    log.publish([message(1)])
    waiter = threading.Thread(target=lambda: log.wait_for_news(seen, 60.0))
    waiter.start()
    waiter.join(10.0)
    assert not waiter.is_alive()


def test_a_busy_partition_does_not_starve_the_others(open_embedded: OpenEmbedded) -> None:
    log = open_embedded()
    log.publish([message(seq, "unit-a") for seq in range(1, 41)])
    log.publish([message(1, f"unit-{number}") for number in range(10)])
    member = log.subscribe("group", [TALLIES], "one")
    first_polls = [r.partition for _ in range(6) for r in member.poll(5, 0.0)]
    assert len(set(first_polls)) > 1


def test_old_records_go_and_offsets_go_on(open_embedded: OpenEmbedded, clock: StillClock) -> None:
    log = open_embedded()
    log.publish([message(seq) for seq in (1, 2, 3)])
    clock.advance(TOPICS[TALLIES].retention + timedelta(seconds=1))
    log.publish([message(4)])
    assert log.prune() == 3
    (left,) = read_all(log.subscribe("late", [TALLIES], "one"), 1)
    assert (left.offset, left.message.headers["ce_sequence"]) == (3, b"4")


def test_a_log_emptied_by_retention_keeps_counting(
    open_embedded: OpenEmbedded, clock: StillClock
) -> None:
    log = open_embedded()
    member = log.subscribe("group", [TALLIES], "one")
    log.publish([message(seq) for seq in (1, 2)])
    commit(member, read_all(member, 2))
    clock.advance(TOPICS[TALLIES].retention * 2)
    log.prune()
    log.publish([message(3)])
    assert [r.message.headers["ce_sequence"] for r in read_all(member, 1)] == [b"3"]


def test_nothing_goes_before_its_time(open_embedded: OpenEmbedded, clock: StillClock) -> None:
    log = open_embedded()
    log.publish([message(seq) for seq in (1, 2)])
    clock.advance(TOPICS[TALLIES].retention)
    assert log.prune() == 0


def test_a_compacted_topic_keeps_the_newest_of_each_key_for_ever(
    open_embedded: OpenEmbedded, clock: StillClock
) -> None:
    log = open_embedded()
    sent = [message(seq, key, PROGRAMS) for seq in (1, 2, 3) for key in ("one", "two", "three")]
    log.publish(sent)
    clock.advance(TOPICS[PROGRAMS].retention * 5)
    log.prune()
    kept = read_all(log.subscribe("late", [PROGRAMS], "one"), 3)
    assert {r.message.key: r.message.headers["ce_sequence"] for r in kept} == {
        "one": b"3",
        "two": b"3",
        "three": b"3",
    }


def test_a_log_that_cannot_write_says_so_and_keeps_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'events.sqlite'}")
    log = EmbeddedLog(database, StillClock().now)
    with database.transaction() as session:
        session.connection().exec_driver_sql("DROP TABLE records")
    with pytest.raises(LogUnavailableError):
        log.publish([message(1)])


def test_a_log_whose_folder_is_gone_does_not_answer(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'gone' / 'events.sqlite'}")
    (tmp_path / "gone").mkdir()
    log = EmbeddedLog(database, StillClock().now)
    log.close()
    for path in (tmp_path / "gone").iterdir():
        path.unlink()
    (tmp_path / "gone").rmdir()
    with pytest.raises(LogUnavailableError):
        log.ping()
