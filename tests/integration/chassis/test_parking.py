"""Parking: a failure holds up its own key, until a human lets it go on."""

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from contracts.codec import UnknownVersionError, UnreadableError
from contracts.topics import Consumer
from services.chassis import held as held_back
from services.chassis.database import Database
from services.chassis.event_log import Record
from services.chassis.faults import reason_of
from services.chassis.inbox import Inbox, NotParkedError
from tests.integration.chassis.inbox_steps import held, park, redrive, take
from tests.ports.samples import (
    NOON,
    PROGRAMS,
    Ledger,
    ledger_of,
    misfit,
    of_type,
    record,
    with_headers,
    with_value,
)


def test_a_parked_key_holds_its_later_messages_and_others_go_on(
    database: Database, box: Inbox
) -> None:
    park(database, box, record(1))
    take(database, box, record(2), record(3), record(1, "unit-b"))
    assert ledger_of(database) == {"unit-b": [1]}
    assert held(database) == {"waiting": 2, "parked": 1, "quarantined": 0}


def test_redrive_applies_once_and_drains_what_waited(database: Database, box: Inbox) -> None:
    first = record(1)
    park(database, box, first)
    take(database, box, record(2), record(3), first)
    assert redrive(database, box) == 3
    assert ledger_of(database) == {"unit-a": [1, 2, 3]}
    assert held(database) == {"waiting": 0, "parked": 0, "quarantined": 0}
    with pytest.raises(NotParkedError):
        redrive(database, box)
    take(database, box, record(1), record(2), record(3))
    assert ledger_of(database) == {"unit-a": [1, 2, 3]}


def test_a_redrive_that_fails_again_leaves_the_key_parked(
    database: Database, box: Inbox, ledger: Ledger
) -> None:
    park(database, box, record(1))
    take(database, box, record(2))
    ledger.failing.add(("unit-a", 1))
    with pytest.raises(ValueError, match="Canary"):
        redrive(database, box)
    assert (ledger_of(database), held(database)["parked"]) == ({}, 1)
    ledger.failing.clear()
    assert redrive(database, box) == 2


def test_a_waiting_message_that_fails_in_its_turn_is_parked_itself(
    database: Database, box: Inbox, ledger: Ledger
) -> None:
    ledger.failing.add(("unit-a", 2))
    take(database, box, record(2), record(3))
    take(database, box, record(1))
    assert ledger_of(database) == {"unit-a": [1]}
    with database.transaction() as session:
        (row,) = held_back.parked_keys(session)
    assert (row["seq"], row["offset"]) == (2, 1)
    ledger.failing.clear()
    assert redrive(database, box) == 2
    assert ledger_of(database) == {"unit-a": [1, 2, 3]}


def test_a_redrive_keeps_what_it_could_handle_before_the_next_failure(
    database: Database, box: Inbox, ledger: Ledger
) -> None:
    park(database, box, record(1))
    take(database, box, record(2), record(3), record(4))
    ledger.failing.add(("unit-a", 3))
    assert redrive(database, box) == 2
    assert (ledger_of(database), held(database)) == (
        {"unit-a": [1, 2]},
        {"waiting": 1, "parked": 1, "quarantined": 0},
    )


def test_a_database_that_goes_away_while_draining_parks_nothing(database: Database) -> None:
    def away(_session: Session, _now: object, envelope: object) -> None:
        if getattr(envelope, "seq", 0) == 2:
            raise OperationalError("SELECT 1", {}, Exception("gone"))

    box = Inbox(Consumer.OUTCOMES, dict.fromkeys(Ledger().handlers, away))
    take(database, box, record(2))
    with pytest.raises(OperationalError):
        take(database, box, record(1))
    assert held(database) == {"waiting": 1, "parked": 0, "quarantined": 0}


def test_parking_twice_changes_nothing(database: Database, box: Inbox) -> None:
    first = record(1)
    park(database, box, first)
    park(database, box, first)
    assert held(database)["parked"] == 1


def test_a_message_done_before_is_not_parked(database: Database, box: Inbox) -> None:
    take(database, box, record(1))
    park(database, box, record(1))
    assert held(database)["parked"] == 0


def test_what_is_parked_shows_place_and_reason_but_no_payload(
    database: Database, box: Inbox
) -> None:
    park(database, box, record(1))
    with database.transaction() as session:
        (row,) = held_back.parked_keys(session)
    assert set(row) == {"consumer", "topic", "key", "seq", "partition", "offset", "reason", "at"}


def test_an_unknown_version_in_turn_is_for_the_loop_to_park(database: Database, box: Inbox) -> None:
    with pytest.raises(UnknownVersionError):
        take(database, box, of_type(record(1), "handoff.tally.recorded.v99"))


def test_an_unknown_version_out_of_turn_waits_and_is_parked_in_its_turn(
    database: Database, box: Inbox
) -> None:
    take(database, box, of_type(record(2), "handoff.tally.recorded.v99"))
    assert held(database)["waiting"] == 1
    take(database, box, record(1))
    assert held(database) == {"waiting": 0, "parked": 1, "quarantined": 0}
    assert ledger_of(database) == {"unit-a": [1]}


def test_on_a_compacted_topic_a_newer_version_frees_a_parked_key(
    database: Database, box: Inbox
) -> None:
    park(database, box, record(3, "p", PROGRAMS))
    take(database, box, record(4, "p", PROGRAMS))
    assert ledger_of(database) == {"p": [4]}
    assert held(database) == {"waiting": 0, "parked": 0, "quarantined": 0}


def test_on_a_compacted_topic_a_newer_failure_takes_the_place_of_the_older(
    database: Database, box: Inbox
) -> None:
    park(database, box, record(3, "p", PROGRAMS))
    park(database, box, record(4, "p", PROGRAMS))
    park(database, box, record(2, "p", PROGRAMS))
    assert held(database)["parked"] == 1
    assert redrive(database, box, "p", PROGRAMS) == 1
    assert ledger_of(database) == {"p": [4]}


MISFITS = {
    "empty": b"",
    "no text": b"\xff\xfe\x00",
    "no JSON": b"{",
    "null": b"null",
    "a list": b"[1]",
    "a misfit": b'{"unit_id": 5}',
    "deep": b"[" * 60_000,
}


def deliver(database: Database, box: Inbox, one: Record) -> None:
    """As the consumer loop does with a single record: what fails is parked."""
    try:
        take(database, box, one)
    except (UnreadableError, ValueError) as error:
        with database.transaction() as session:
            box.park(session, one, reason_of(error), NOON)


@pytest.mark.parametrize("value", MISFITS.values(), ids=MISFITS.keys())
@pytest.mark.parametrize("seq", [1, 2])
def test_a_message_with_an_address_that_does_not_decode_is_parked_in_its_turn(
    database: Database, box: Inbox, value: bytes, seq: int
) -> None:
    deliver(database, box, with_value(record(seq), value))
    if seq == 2:
        assert held(database) == {"waiting": 1, "parked": 0, "quarantined": 0}
        take(database, box, record(1))
    take(database, box, record(seq + 1), record(1, "unit-b"))
    assert held(database) == {"waiting": 1, "parked": 1, "quarantined": 0}
    assert ledger_of(database)["unit-b"] == [1]


def test_the_reason_names_the_fields_that_do_not_fit_and_no_value(
    database: Database, box: Inbox
) -> None:
    deliver(database, box, misfit(record(1)))
    with database.transaction() as session:
        (row,) = held_back.parked_keys(session)
    assert "Canary" not in row["reason"]
    assert "'sector'" in row["reason"]


def test_a_misfit_stays_parked_while_the_code_that_reads_it_is_the_same(
    database: Database, box: Inbox
) -> None:
    deliver(database, box, misfit(record(1)))
    with pytest.raises(UnreadableError):
        redrive(database, box)
    assert held(database)["parked"] == 1


def test_a_mended_copy_takes_the_place_of_the_parked_one_and_is_tried_at_once(
    database: Database, box: Inbox
) -> None:
    deliver(database, box, misfit(record(1)))
    take(database, box, record(2))
    assert take(database, box, record(1)) == 2
    assert ledger_of(database) == {"unit-a": [1, 2]}
    assert held(database) == {"waiting": 0, "parked": 0, "quarantined": 0}


def test_the_same_bytes_again_are_not_tried_again(
    database: Database, box: Inbox, ledger: Ledger
) -> None:
    ledger.failing.add(("unit-a", 1))
    one = record(1)
    deliver(database, box, one)
    assert take(database, box, one) == 0
    ledger.failing.clear()
    assert take(database, box, one) == 0
    assert redrive(database, box) == 1


def test_a_copy_that_fails_as_well_is_parked_instead_with_its_own_place_and_reason(
    database: Database, box: Inbox, ledger: Ledger
) -> None:
    deliver(database, box, misfit(record(1)))
    ledger.failing.add(("unit-a", 1))
    deliver(database, box, Record(3, 44, record(1).message))
    with database.transaction() as session:
        (row,) = held_back.parked_keys(session)
    assert (row["partition"], row["offset"]) == (3, 44)
    assert row["reason"].startswith("ValueError")
    ledger.failing.clear()
    assert redrive(database, box) == 1


def test_a_copy_mended_in_its_headers_alone_counts_as_well(database: Database, box: Inbox) -> None:
    one = record(1)
    deliver(database, box, with_headers(one, ce_time=b"noon"))
    assert take(database, box, one) == 1


def test_a_mended_copy_of_a_message_that_still_waits_takes_its_place(
    database: Database, box: Inbox
) -> None:
    take(database, box, misfit(record(2)), record(2))
    assert held(database)["waiting"] == 1
    assert take(database, box, record(1)) == 2
    assert ledger_of(database) == {"unit-a": [1, 2]}


def test_on_a_compacted_topic_a_mended_copy_of_the_parked_version_frees_the_key(
    database: Database, box: Inbox
) -> None:
    take(database, box, record(2, "p", PROGRAMS))
    deliver(database, box, with_value(record(3, "p", PROGRAMS), b"{}"))
    assert held(database)["parked"] == 1
    assert take(database, box, record(3, "p", PROGRAMS)) == 1
    assert held(database)["parked"] == 0
