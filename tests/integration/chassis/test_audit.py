"""The audit: one chain per subject; whatever is changed in it is found."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from contracts.vocabulary import Role
from services.chassis.actor import Actor, service_actor
from services.chassis.audit import entries, record, verify, verify_subject
from services.chassis.database import Database
from services.chassis.tables import audit, stream_heads
from tests.ports.samples import NOON

PARTNER = Actor(subject="pat", role=Role.PARTNER, agency_id="agency-a")
SUBJECT = "referral-1"


@pytest.fixture
def chained(database: Database) -> Database:
    """A database in which two subjects have four entries each."""
    with database.transaction() as session:
        for number in range(4):
            at = NOON + timedelta(minutes=number)
            record(session, SUBJECT, at, PARTNER, "person_read", fields=["name"])
            record(session, "referral-2", at, service_actor("timer"), "offer_lapsed")
    return database


def change(database: Database, statement: Any) -> None:
    """Meddle with the file."""
    with database.transaction() as session:
        session.execute(statement)


def faults(database: Database) -> list[str]:
    """What is wrong."""
    with database.transaction() as session:
        return verify_subject(session, SUBJECT)


def row(number: int) -> Any:
    """The condition for one entry."""
    return (audit.c.subject == SUBJECT) & (audit.c.number == number)


def test_entries_say_who_did_what_when_and_for_whom(chained: Database) -> None:
    with chained.transaction() as session:
        first = entries(session, SUBJECT)[0]
    assert (first["actor"], first["role"], first["tenant"]) == ("pat", "partner", "agency-a")
    assert (first["action"], first["detail"], first["at"]) == (
        "person_read",
        {"fields": ["name"]},
        NOON,
    )


def test_an_untouched_chain_is_whole(chained: Database) -> None:
    assert faults(chained) == []
    with chained.transaction() as session:
        assert verify(entries(session, SUBJECT)) == []


def test_a_subject_nobody_touched_has_a_whole_chain(database: Database) -> None:
    assert faults(database) == []


def swap(database: Database) -> None:
    """Exchange entries 2 and 3."""
    for old, new in ((2, 99), (3, 2), (99, 3)):
        change(database, update(audit).where(row(old)).values(number=new))


def insert_between(database: Database) -> None:
    """Put an entry of one's own behind the last, without the head."""
    with database.transaction() as session:
        last = dict(session.execute(select(audit).where(row(4))).mappings().one())
        session.execute(insert(audit).values(last | {"number": 5, "previous": last["hash"]}))


ATTACKS: dict[str, Callable[[Database], None]] = {
    "edit the actor": lambda d: change(d, update(audit).where(row(2)).values(actor="sam")),
    "edit the detail": lambda d: change(d, update(audit).where(row(2)).values(detail={})),
    "edit the time": lambda d: change(d, update(audit).where(row(2)).values(at=NOON)),
    "edit the last": lambda d: change(d, update(audit).where(row(4)).values(action="nothing")),
    "delete the first": lambda d: change(d, delete(audit).where(row(1))),
    "delete from the middle": lambda d: change(d, delete(audit).where(row(2))),
    "cut off the end": lambda d: change(d, delete(audit).where(row(4))),
    "delete everything": lambda d: change(d, delete(audit).where(audit.c.subject == SUBJECT)),
    "reorder": swap,
    "add": insert_between,
    "drop the head": lambda d: change(d, delete(stream_heads)),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_audit_that_was_tampered_with_is_found_out(
    chained: Database, attack: Callable[[Database], None]
) -> None:
    attack(chained)
    assert faults(chained)


def test_meddling_with_one_chain_leaves_the_others_whole(chained: Database) -> None:
    ATTACKS["edit the actor"](chained)
    with chained.transaction() as session:
        assert verify_subject(session, "referral-2") == []
