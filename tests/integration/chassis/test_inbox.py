"""The inbox: each message once and in order, gaps wait, failures park their key alone."""

from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from contracts.topics import Consumer
from services.chassis import held as held_back
from services.chassis.database import Database
from services.chassis.event_log import Record
from services.chassis.inbox import Inbox
from services.chassis.standing import Standing
from services.chassis.tables import inbox as inbox_table
from services.chassis.tables import waiting
from tests.integration.chassis.inbox_steps import held, park, take
from tests.ports.samples import (
    NOON,
    PROGRAMS,
    Ledger,
    database_at,
    ledger_of,
    of_type,
    record,
    with_headers,
    with_value,
)


def replayed(database: Database, box: Inbox, records: Iterable[Record]) -> dict[str, list[int]]:
    """Every record ten times over, each in a batch of its own."""
    for _ in range(10):
        for one in records:
            take(database, box, one)
    return ledger_of(database)


def test_a_message_is_handled_once_though_it_comes_ten_times(
    database: Database, box: Inbox
) -> None:
    assert replayed(database, box, [record(1), record(2)]) == {"unit-a": [1, 2]}


class ForgetfulInbox(Inbox):
    """What the inbox would be without its memory."""

    def _save(self, session: Session, standing: Standing) -> None:
        """Remember nothing."""


def test_without_the_inbox_check_a_duplicate_is_handled_again(
    database: Database, ledger: Ledger
) -> None:
    forgetful = ForgetfulInbox(Consumer.OUTCOMES, ledger.handlers)
    assert replayed(database, forgetful, [record(1)]) == {"unit-a": [1] * 10}


def test_duplicates_within_one_batch_are_handled_once(database: Database, box: Inbox) -> None:
    assert take(database, box, record(1), record(1), record(2), record(1), record(2)) == 2
    assert ledger_of(database) == {"unit-a": [1, 2]}


def test_a_replay_from_the_beginning_changes_nothing(database: Database, box: Inbox) -> None:
    stream = [record(seq) for seq in range(1, 20)]
    take(database, box, *stream)
    before = ledger_of(database)
    assert take(database, box, *stream) == 0
    assert ledger_of(database) == before


def test_a_gap_waits_and_drains_by_itself(database: Database, box: Inbox) -> None:
    take(database, box, record(3), record(2))
    assert (ledger_of(database), held(database)["waiting"]) == ({}, 2)
    take(database, box, record(1))
    assert (ledger_of(database), held(database)["waiting"]) == ({"unit-a": [1, 2, 3]}, 0)


def test_two_gaps_drain_one_after_the_other(database: Database, box: Inbox) -> None:
    take(database, box, record(2), record(4), record(5))
    take(database, box, record(1))
    assert (ledger_of(database), held(database)["waiting"]) == ({"unit-a": [1, 2]}, 2)
    take(database, box, record(3))
    assert (ledger_of(database), held(database)["waiting"]) == ({"unit-a": [1, 2, 3, 4, 5]}, 0)


def test_two_keys_in_one_batch_do_not_wait_for_each_other(database: Database, box: Inbox) -> None:
    take(database, box, record(2, "unit-a"), record(1, "unit-b"), record(2, "unit-b"))
    assert ledger_of(database) == {"unit-b": [1, 2]}


def test_consumers_of_one_database_remember_apart(database: Database, ledger: Ledger) -> None:
    for consumer in (Consumer.NOTICES, Consumer.OUTCOMES):
        take(database, Inbox(consumer, ledger.handlers), record(1))
    assert ledger_of(database) == {"unit-a": [1, 1]}


def test_an_event_without_a_handler_still_moves_the_key_on(database: Database) -> None:
    box = Inbox(Consumer.OUTCOMES, {})
    assert take(database, box, record(1), record(2)) == 2
    with database.transaction() as session:
        assert session.scalar(select(inbox_table.c.seq)) == 2


@pytest.mark.parametrize(
    "lost",
    [
        lambda one: with_value(one, b"x" * (64 * 1024 + 1)),
        lambda one: of_type(one, ""),
        lambda one: with_headers(one, ce_sequence=b"one"),
    ],
    ids=["too large", "no type", "no number"],
)
@pytest.mark.parametrize("seq", [1, 2])
def test_what_does_not_say_where_it_belongs_is_quarantined_and_named_without_its_content(
    database: Database, box: Inbox, lost: Callable[[Record], Record], seq: int
) -> None:
    take(database, box, lost(record(seq)), record(1, "unit-b"))
    assert ledger_of(database) == {"unit-b": [1]}
    with database.transaction() as session:
        (row,) = held_back.quarantined_records(session)
    assert (row["offset"], row["partition"]) == (seq - 1, 0)
    assert len(row["reason"]) < 200


def test_a_good_message_sent_again_heals_a_quarantined_place(
    database: Database, box: Inbox
) -> None:
    take(database, box, of_type(record(1), ""), record(2))
    assert held(database) == {"waiting": 1, "parked": 0, "quarantined": 1}
    take(database, box, record(1))
    assert ledger_of(database) == {"unit-a": [1, 2]}


def test_on_a_compacted_topic_the_newest_wins_without_a_gap_rule(
    database: Database, box: Inbox
) -> None:
    take(
        database, box, record(3, "p", PROGRAMS), record(7, "p", PROGRAMS), record(5, "p", PROGRAMS)
    )
    assert ledger_of(database) == {"p": [3, 7]}
    assert held(database)["waiting"] == 0


def test_a_gap_is_told_by_its_age_and_a_parked_key_is_no_gap(
    database: Database, box: Inbox
) -> None:
    park(database, box, record(1, "unit-b"))
    with database.transaction() as session:
        box.take(session, [record(2, "unit-b")], NOON - timedelta(hours=1))
        assert held_back.oldest_waiting(session) is None
        box.take(session, [record(2)], NOON - timedelta(minutes=2))
        box.take(session, [record(3)], NOON)
        assert held_back.oldest_waiting(session) == NOON - timedelta(minutes=2)


def test_a_projector_that_forgets_handles_everything_anew(database: Database, box: Inbox) -> None:
    take(database, box, record(1), record(3))
    park(database, box, record(1, "unit-b"))
    with database.transaction() as session:
        box.forget(session)
    assert held(database) == {"waiting": 0, "parked": 0, "quarantined": 0}
    take(database, box, record(1), record(2), record(3))
    assert ledger_of(database) == {"unit-a": [1, 1, 2, 3]}


def test_a_batch_of_a_hundred_keys_is_taken_in_a_handful_of_statements() -> None:
    database = database_at("sqlite://")
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    box = Inbox(Consumer.OUTCOMES, {})
    take(database, box, *(record(1, f"unit-{number}") for number in range(100)))
    assert len(statements) <= 8
    with database.transaction() as session:
        assert session.scalar(select(waiting.c.seq)) is None
