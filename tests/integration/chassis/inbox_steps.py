"""What the tests of the inbox do to it, each step in a transaction of its own."""

from services.chassis import held as held_back
from services.chassis.database import Database
from services.chassis.event_log import Record
from services.chassis.inbox import Inbox
from tests.ports.samples import NOON, TALLIES


def take(database: Database, box: Inbox, *batch: Record) -> int:
    """One batch in one transaction."""
    with database.transaction() as session:
        return box.take(session, batch, NOON)


def park(database: Database, box: Inbox, one: Record) -> None:
    """Park as the consumer loop does."""
    with database.transaction() as session:
        box.park(session, one, "ValueError at somewhere.py:1", NOON)


def redrive(database: Database, box: Inbox, key: str = "unit-a", topic: str = TALLIES) -> int:
    """Redrive in one transaction."""
    with database.transaction() as session:
        return box.redrive(session, topic, key, NOON)


def held(database: Database) -> dict[str, int]:
    """What is held back."""
    with database.transaction() as session:
        return held_back.counts(session)
