"""The consumer loop: batches, single records on failure, parking, transient faults, the limit."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from contracts.codec import Envelope
from contracts.topics import Consumer
from services.chassis import held as held_back
from services.chassis.consumer import ConsumerLoop, ParkLimit, TooManyParkedError
from services.chassis.database import Database
from services.chassis.embedded_log import EmbeddedLog
from services.chassis.event_log import LogUnavailableError, Record, Subscription
from services.chassis.inbox import Inbox
from tests.ports.samples import TALLIES, Ledger, StillClock, ledger_of, message

KEYS = tuple(f"unit-{number}" for number in range(5))


@pytest.fixture
def log(tmp_path: Path, clock: StillClock) -> Iterator[EmbeddedLog]:
    """A real log."""
    made = EmbeddedLog(Database(f"sqlite:///{tmp_path / 'events.sqlite'}"), clock.now)
    yield made
    made.close()


class Flaky:
    """A real subscription whose commits fail while it is told so."""

    def __init__(self, real: Subscription) -> None:
        self.real = real
        self.commits_fail = False

    def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        del seconds
        return self.real.poll(max_records, 0.0)

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        if self.commits_fail:
            raise LogUnavailableError("gone")
        self.real.commit(offsets)

    def lag(self) -> int:
        return self.real.lag()

    def owed(self) -> int:
        return self.real.owed()

    def close(self) -> None:
        self.real.close()


@pytest.fixture
def subscription(log: EmbeddedLog) -> Flaky:
    """The consumer's member."""
    return Flaky(log.subscribe(Consumer.OUTCOMES, [TALLIES], "one"))


def loop_of(
    ledger: Ledger,
    subscription: Subscription,
    database: Database,
    clock: StillClock,
) -> ConsumerLoop:
    """A loop with a small limit."""
    box = Inbox(Consumer.OUTCOMES, ledger.handlers)
    limit = ParkLimit(keys=2, within=timedelta(minutes=5))
    return ConsumerLoop(box, subscription, database, clock, limit)


@pytest.fixture
def loop(
    ledger: Ledger, subscription: Flaky, database: Database, clock: StillClock
) -> ConsumerLoop:
    """The loop under test."""
    return loop_of(ledger, subscription, database, clock)


def test_a_tick_handles_a_batch_and_commits_it(
    loop: ConsumerLoop, log: EmbeddedLog, database: Database, subscription: Flaky
) -> None:
    log.publish([message(seq, key) for seq in (1, 2) for key in KEYS])
    assert loop.tick() == 2 * len(KEYS)
    assert ledger_of(database) == {key: [1, 2] for key in KEYS}
    assert subscription.lag() == 0
    assert loop.tick() == 0


def test_a_failing_handler_parks_only_its_key(
    loop: ConsumerLoop, log: EmbeddedLog, database: Database, ledger: Ledger, subscription: Flaky
) -> None:
    ledger.failing.add((KEYS[2], 1))
    log.publish([message(seq, key) for seq in (1, 2) for key in KEYS])
    loop.tick()
    assert ledger_of(database) == {key: [1, 2] for key in KEYS if key != KEYS[2]}
    assert subscription.lag() == 0
    with database.transaction() as session:
        (row,) = held_back.parked_keys(session)
    assert (row["key"], row["seq"]) == (KEYS[2], 1)


def test_a_reason_names_kind_and_place_and_never_the_values(
    loop: ConsumerLoop, log: EmbeddedLog, database: Database, ledger: Ledger
) -> None:
    ledger.failing.add((KEYS[0], 1))
    log.publish([message(1, KEYS[0])])
    loop.tick()
    with database.transaction() as session:
        (row,) = held_back.parked_keys(session)
    assert row["reason"].startswith("ValueError at inbox.py:")
    assert "Canary" not in row["reason"]


def test_redriven_after_mending_a_key_catches_up(
    loop: ConsumerLoop, log: EmbeddedLog, database: Database, ledger: Ledger, clock: StillClock
) -> None:
    ledger.failing.add((KEYS[0], 2))
    log.publish([message(seq, KEYS[0]) for seq in (1, 2, 3, 4)])
    loop.tick()
    assert ledger_of(database) == {KEYS[0]: [1]}
    ledger.failing.clear()
    with database.transaction() as session:
        loop.inbox.redrive(session, TALLIES, KEYS[0], clock.now())
    assert ledger_of(database) == {KEYS[0]: [1, 2, 3, 4]}
    log.publish([message(5, KEYS[0])])
    loop.tick()
    assert ledger_of(database) == {KEYS[0]: [1, 2, 3, 4, 5]}


def test_a_batch_that_met_a_transient_fault_is_taken_up_again(
    subscription: Flaky, log: EmbeddedLog, database: Database, clock: StillClock
) -> None:
    ledger = Ledger()
    away = [True]

    def handle(session: Session, now: datetime, envelope: Envelope) -> None:
        if away[0]:
            raise OperationalError("SELECT 1", {}, Exception("the database is away"))
        ledger.write(session, now, envelope)

    box = Inbox(Consumer.OUTCOMES, dict.fromkeys(ledger.handlers, handle))
    loop = ConsumerLoop(box, subscription, database, clock)
    log.publish([message(seq) for seq in (1, 2, 3)])
    for _ in range(3):
        with pytest.raises(OperationalError):
            loop.tick()
    assert (ledger_of(database), subscription.lag()) == ({}, 3)
    away[0] = False
    assert loop.tick() == 3
    assert (ledger_of(database), subscription.lag()) == ({"unit-a": [1, 2, 3]}, 0)


def test_a_lost_commit_is_made_good_and_nothing_is_handled_twice(
    loop: ConsumerLoop, log: EmbeddedLog, database: Database, subscription: Flaky
) -> None:
    log.publish([message(seq) for seq in (1, 2)])
    subscription.commits_fail = True
    with pytest.raises(LogUnavailableError):
        loop.tick()
    subscription.commits_fail = False
    assert loop.tick() == 2
    assert (ledger_of(database), subscription.lag()) == ({"unit-a": [1, 2]}, 0)


def test_a_worker_killed_before_its_commit_is_followed_by_one_that_repeats_nothing(
    loop: ConsumerLoop, log: EmbeddedLog, database: Database, subscription: Flaky, clock: StillClock
) -> None:
    log.publish([message(seq) for seq in (1, 2)])
    subscription.commits_fail = True
    with pytest.raises(LogUnavailableError):
        loop.tick()
    subscription.close()
    successor = Flaky(log.subscribe(Consumer.OUTCOMES, [TALLIES], "two"))
    assert loop_of(Ledger(), successor, database, clock).tick() == 2
    assert (ledger_of(database), successor.lag()) == ({"unit-a": [1, 2]}, 0)


def test_too_many_parked_keys_stop_the_worker_before_it_parks_a_town(
    loop: ConsumerLoop, log: EmbeddedLog, database: Database, ledger: Ledger, subscription: Flaky
) -> None:
    ledger.failing |= {(key, 1) for key in KEYS}
    log.publish([message(1, key) for key in KEYS])
    with pytest.raises(TooManyParkedError, match="parked 3 keys"):
        loop.tick()
    with database.transaction() as session:
        assert len(held_back.parked_keys(session)) == 3
    assert subscription.lag() == len(KEYS)


def test_keys_parked_long_ago_do_not_stop_the_worker(
    loop: ConsumerLoop, log: EmbeddedLog, database: Database, ledger: Ledger, clock: StillClock
) -> None:
    ledger.failing |= {(key, 1) for key in KEYS}
    for key in KEYS:
        log.publish([message(1, key)])
        loop.tick()
        clock.advance(timedelta(minutes=3))
    with database.transaction() as session:
        assert len(held_back.parked_keys(session)) == len(KEYS)


def test_messages_parked_while_draining_count_as_well(
    loop: ConsumerLoop, log: EmbeddedLog, ledger: Ledger
) -> None:
    log.publish([message(2, key) for key in KEYS])
    loop.tick()
    ledger.failing |= {(key, 2) for key in KEYS}
    log.publish([message(1, key) for key in KEYS])
    with pytest.raises(TooManyParkedError):
        loop.tick()


def test_a_consumer_that_keeps_up_has_no_fault(loop: ConsumerLoop, log: EmbeddedLog) -> None:
    log.publish([message(1)])
    assert loop.fault() is None
    loop.tick()
    assert loop.fault() is None
