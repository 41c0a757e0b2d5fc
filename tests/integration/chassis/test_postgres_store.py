"""PostgreSQL: the suite of every database, and what only many processes on one can do wrong."""

from datetime import datetime
from itertools import cycle
from threading import Event

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from contracts.codec import Envelope
from contracts.problems import Problem, ProblemError
from contracts.topics import Consumer
from services.chassis import idempotency, outbox
from services.chassis.database import Database
from services.chassis.inbox import Inbox
from services.chassis.postgres import LOCK_TIMEOUT_S
from services.chassis.relay import Relay
from tests.ports.at_once import THREADS, at_once, in_thread
from tests.ports.samples import (
    NOON,
    TALLIES,
    Ledger,
    StillClock,
    database_at,
    ledger_of,
    record,
    tally,
)
from tests.ports.store_suite import (
    OpenDatabase,
    StoreSuite,
    audited,
    faults,
    in_the_outbox,
    publish,
    write_down,
)
from tests.ports.wire import Wire

ROUNDS = 4
THIS = idempotency.attempt("caller", "POST /v1/notes", "key", b"{}", b"m" * 32)


@pytest.fixture
def open_database(addresses: tuple[str, str]) -> OpenDatabase:
    """Opens one database, again and again."""
    return lambda: database_at(addresses[1])


class TestPostgres(StoreSuite):
    """PostgreSQL does what every database does."""


def test_two_processes_with_sixteen_threads_publish_and_audit_without_gap_or_fork(
    served: Database, addresses: tuple[str, str]
) -> None:
    other = Database(addresses[0], connections=4)
    turn = cycle([served, other])

    def work(_: int) -> int:
        database = next(turn)
        write_down(database, "referral-1")
        return publish(database)[0]

    every = list(range(1, THREADS * ROUNDS + 1))
    assert sorted(at_once(work, ROUNDS)) == every
    assert (faults(served), audited(served, "referral-1")) == ([], (every, []))
    other.close()


def test_a_batch_waits_for_the_projector_that_begins_again(served: Database) -> None:
    box, begun = Inbox(Consumer.OUTCOMES, Ledger().handlers), Event()

    def take() -> int:
        begun.set()
        with served.transaction() as session:
            return box.take(session, [record(1)], NOON)

    with served.transaction() as session:
        box.forget(session)
        taken = in_thread(take)
        assert begun.wait(10.0)
        with pytest.raises(TimeoutError):
            taken.result(0.3)
    assert (taken.result(LOCK_TIMEOUT_S), ledger_of(served)) == (1, {"unit-a": [1]})


def test_a_projector_that_begins_again_waits_for_a_batch_of_keys_that_are_known(
    served: Database,
) -> None:
    ledger, begun, go_on = Ledger(), Event(), Event()

    def slowly(session: Session, now: datetime, envelope: Envelope) -> None:
        begun.set()
        assert go_on.wait(10.0)
        ledger.write(session, now, envelope)

    def take(inbox: Inbox, number: int) -> int:
        with served.transaction() as session:
            return inbox.take(session, [record(number)], NOON)

    def forget() -> None:
        with served.transaction() as session:
            box.forget(session)

    box = Inbox(Consumer.OUTCOMES, ledger.handlers)
    slow = Inbox(Consumer.OUTCOMES, dict.fromkeys(ledger.handlers, slowly))
    take(box, 1)
    taken = in_thread(lambda: take(slow, 2))
    assert begun.wait(10.0)
    forgotten = in_thread(forget)
    with pytest.raises(TimeoutError):
        forgotten.result(0.3)
    go_on.set()
    assert (taken.result(LOCK_TIMEOUT_S), forgotten.result(LOCK_TIMEOUT_S)) == (1, None)


def test_a_projector_that_begins_again_forgets_the_first_event_that_is_just_being_handled(
    served: Database,
) -> None:
    box, begun = Inbox(Consumer.OUTCOMES, Ledger().handlers), Event()

    def begin_again() -> None:
        begun.set()
        with served.transaction() as session:
            box.forget(session)
            session.execute(text("DELETE FROM handled"))

    with served.transaction() as session:
        box.take(session, [record(1)], NOON)
        done = in_thread(begin_again)
        assert begun.wait(10.0)
        with pytest.raises(TimeoutError):
            done.result(0.3)
    done.result(LOCK_TIMEOUT_S)
    assert ledger_of(served) == {}
    with served.transaction() as session:
        assert box.take(session, [record(1)], NOON) == 1


def test_whoever_republishes_waits_for_an_event_that_is_just_being_published(
    served: Database,
) -> None:
    publish(served, count=2)
    begun = Event()

    def republish() -> int:
        begun.set()
        with served.transaction() as session:
            return outbox.republish(session, TALLIES)

    with served.transaction() as session:
        outbox.publish(session, TALLIES, "unit-a", [tally()], NOON)
        done = in_thread(republish)
        assert begun.wait(10.0)
        with pytest.raises(TimeoutError):
            done.result(0.3)
    assert done.result(LOCK_TIMEOUT_S) == 3
    assert in_the_outbox(served) == [1, 2, 3]


def test_a_request_whose_twin_takes_too_long_is_told_to_come_again(served: Database) -> None:
    with served.transaction() as first:
        assert idempotency.begin(first, THIS, NOON) is None
        caught = in_thread(lambda: busy(served)).result(10.0)
    assert caught.problem is Problem.KEY_BUSY
    assert caught.problem.value.status == 409
    with served.transaction() as session:
        assert idempotency.begin(session, THIS, NOON) is not None


def busy(database: Database) -> ProblemError:
    """What the second of two requests is told, by a server that waits for a tenth of a second."""

    def second() -> None:
        with database.transaction() as session:
            session.execute(text("SET LOCAL lock_timeout = '100ms'"))
            idempotency.begin(session, THIS, NOON)

    with pytest.raises(ProblemError) as caught:
        second()
    return caught.value


def test_the_relay_sends_what_took_its_number_early_and_was_committed_late(
    served: Database, addresses: tuple[str, str]
) -> None:
    other, wire = Database(addresses[0], connections=1), Wire()
    relay = Relay(other, wire, StillClock())
    with served.transaction() as session:
        outbox.publish(session, TALLIES, "unit-a", [tally("unit-a")], NOON)
        session.flush()
        in_thread(lambda: publish(other, "unit-b")).result(LOCK_TIMEOUT_S)
        assert (in_thread(relay.tick).result(LOCK_TIMEOUT_S), wire.places()) == (1, [("unit-b", 1)])
    assert (relay.tick(), wire.places()[1:]) == (1, [("unit-a", 1)])
    other.close()
