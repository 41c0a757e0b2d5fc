"""Publishing and sending: gapless numbers, nothing lost between the two, nothing out of order."""

from contextlib import suppress

import pytest

from contracts.codec import decode
from contracts.topics import Consumer
from services.chassis import outbox
from services.chassis.database import Database
from services.chassis.event_log import LogUnavailableError, Record
from services.chassis.inbox import Inbox
from services.chassis.relay import BATCH, Relay
from tests.ports.samples import (
    NOON,
    PROGRAMS,
    TALLIES,
    Ledger,
    StillClock,
    ledger_of,
    program,
    tally,
)
from tests.ports.wire import Wire


def publish(database: Database, count: int = 1, key: str = "unit-a") -> list[int]:
    """So many events in one transaction."""
    with database.transaction() as session:
        return outbox.publish(session, TALLIES, key, [tally(key)] * count, NOON)


def publish_programs(database: Database, *versions: int) -> None:
    """These versions of one entry of the directory, which is compacted."""
    with database.transaction() as session:
        events = [program(version) for version in versions]
        outbox.publish(session, PROGRAMS, "program-a", events, NOON)


def unpublished(database: Database) -> int:
    """How many rows wait for the relay."""
    with database.transaction() as session:
        return outbox.unpublished(session)


@pytest.fixture
def wire() -> Wire:
    """Where the relay sends to."""
    return Wire()


@pytest.fixture
def relay(database: Database, wire: Wire, clock: StillClock) -> Relay:
    """The relay under test."""
    return Relay(database, wire, clock)


def test_no_events_take_no_number(database: Database) -> None:
    with database.transaction() as session:
        assert outbox.publish(session, TALLIES, "unit-a", [], NOON) == []
    assert publish(database) == [1]


def test_an_event_that_the_topic_does_not_carry_is_refused_at_once(database: Database) -> None:
    with (
        pytest.raises(ValueError, match="does not carry"),
        database.transaction() as session,
    ):
        outbox.publish(session, TALLIES, "unit-a", [program(1)], NOON)
    assert unpublished(database) == 0


def test_an_event_too_large_for_any_consumer_is_refused_at_once(database: Database) -> None:
    huge = tally("u" * 70_000)
    with pytest.raises(ValueError, match="so large"), database.transaction() as session:
        outbox.publish(session, TALLIES, "unit-a", [huge], NOON)


def test_listeners_hear_of_a_commit_that_published_and_of_no_other(database: Database) -> None:
    heard: list[int] = []
    database.on_publish(lambda: heard.append(1))
    with database.transaction() as session:
        outbox.unpublished(session)
    with suppress(RuntimeError), database.transaction() as session:
        outbox.publish(session, TALLIES, "unit-a", [tally()], NOON)
        raise RuntimeError
    assert heard == []
    publish(database)
    assert heard == [1]


def test_the_relay_sends_in_order_and_marks_what_was_acknowledged(
    database: Database, relay: Relay, wire: Wire
) -> None:
    for number in range(1, 4):
        publish(database, 1, "unit-a")
        publish(database, 1, f"unit-{number}")
    assert relay.tick() == 6
    assert [p for p in wire.places() if p[0] == "unit-a"] == [("unit-a", n) for n in (1, 2, 3)]
    assert (unpublished(database), relay.tick()) == (0, 0)


def test_a_log_that_is_away_loses_nothing(database: Database, relay: Relay, wire: Wire) -> None:
    publish(database, 2)
    wire.down = True
    with pytest.raises(LogUnavailableError):
        relay.tick()
    assert unpublished(database) == 2
    wire.down = False
    assert relay.tick() == 2
    assert wire.places() == [("unit-a", 1), ("unit-a", 2)]


def test_more_than_a_batch_goes_out_in_order_over_several_ticks(
    database: Database, relay: Relay, wire: Wire
) -> None:
    publish(database, BATCH + 7)
    assert [relay.tick(), relay.tick(), relay.tick()] == [BATCH, 7, 0]
    assert [seq for _, seq in wire.places()] == list(range(1, BATCH + 8))


def test_a_relay_ended_between_send_and_mark_sends_again_and_the_inbox_ignores_it(
    database: Database, relay: Relay, wire: Wire, ledger: Ledger
) -> None:
    publish(database, 3)
    wire.dies_after_sending = True
    with pytest.raises(KeyboardInterrupt):
        relay.tick()
    assert unpublished(database) == 3
    wire.dies_after_sending = False
    Relay(database, wire, StillClock()).tick()
    assert len(wire.sent) == 6
    records = [Record(0, offset, message) for offset, message in enumerate(wire.sent)]
    with database.transaction() as session:
        Inbox(Consumer.OUTCOMES, ledger.handlers).take(session, records, NOON)
    assert ledger_of(database) == {"unit-a": [1, 2, 3]}


def test_what_arrives_is_what_was_published(database: Database, relay: Relay, wire: Wire) -> None:
    with database.transaction() as session:
        outbox.publish(session, PROGRAMS, "program-a", [program(4)], NOON)
        (kept,) = outbox.stream(session, PROGRAMS, "program-a")
    relay.tick()
    envelope = decode(wire.sent[0])
    assert (envelope.event, envelope.time, envelope.id) == (program(4), NOON, kept.id)


def test_republishing_sends_the_whole_history_again_with_its_numbers(
    database: Database, relay: Relay, wire: Wire
) -> None:
    publish(database, 2)
    publish(database, 1, "unit-b")
    relay.tick()
    first = list(wire.sent)
    with database.transaction() as session:
        assert outbox.republish(session, TALLIES) == 3
        assert outbox.republish(session, PROGRAMS) == 0
    publish(database)
    relay.tick()
    assert [m.value for m in wire.sent[3:6]] == [m.value for m in first]
    assert wire.places()[3:] == [("unit-a", 1), ("unit-a", 2), ("unit-b", 1), ("unit-a", 3)]


def test_what_is_republished_while_it_is_sent_is_sent_again(
    database: Database, relay: Relay, wire: Wire
) -> None:
    publish(database, 2)

    def republish() -> None:
        wire.after_sending = lambda: None
        with database.transaction() as session:
            outbox.republish(session, TALLIES)

    wire.after_sending = republish
    relay.tick()
    relay.tick()
    assert wire.places() == [("unit-a", 1), ("unit-a", 2)] * 2


def test_a_relay_that_was_paused_has_the_newest_of_a_compacted_key_sent_last(
    database: Database, relay: Relay, wire: Wire, clock: StillClock
) -> None:
    publish_programs(database, 1)
    publish(database)

    def while_paused() -> None:
        wire.before_sending = lambda: None
        other = Relay(database, wire, clock)
        other.tick()
        publish_programs(database, 2, 3)
        other.tick()

    wire.before_sending = while_paused
    relay.tick()
    late = [("program-a", 1), ("unit-a", 1)]
    assert wire.places() == [*late, ("program-a", 2), ("program-a", 3), *late]
    assert relay.tick() == 1
    assert (wire.places()[-1], unpublished(database)) == (("program-a", 3), 0)


def test_one_stream_is_sent_again_alone(database: Database, relay: Relay, wire: Wire) -> None:
    publish(database, 2)
    publish(database, 1, "unit-b")
    relay.tick()
    with database.transaction() as session:
        assert outbox.republish(session, TALLIES, "unit-b") == 1
        assert outbox.republish(session, TALLIES, "unit-c") == 0
    relay.tick()
    assert wire.places()[3:] == [("unit-b", 1)]


def test_the_keys_of_a_topic_are_those_it_has_events_for(database: Database) -> None:
    publish(database)
    publish(database, 1, "unit-b")
    with database.transaction() as session:
        assert sorted(outbox.keys(session, TALLIES)) == ["unit-a", "unit-b"]


def test_progress_grows_with_every_published_event(database: Database) -> None:
    seen = []
    for _ in range(3):
        publish(database)
        with database.transaction() as session:
            seen.append(outbox.progress(session))
    assert seen == sorted(set(seen))
