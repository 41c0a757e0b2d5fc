"""Clocks, events, messages and handlers that the tests of the chassis share."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Column, Integer, MetaData, String, Table, select
from sqlalchemy.orm import Session

from contracts.codec import Envelope, Message, encode, from_payload
from contracts.events import Event, directory, tallies
from contracts.vocabulary import EntryDoor, Need, Sector
from services.chassis import outbox, tables
from services.chassis.database import Database
from services.chassis.event_log import Record
from services.chassis.inbox import Handler

NOON = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
TALLIES = tallies.TOPIC
PROGRAMS = directory.TOPIC

metadata = MetaData()

handled = Table(
    "handled",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("topic", String(64), nullable=False),
    Column("key", String(80), nullable=False),
    Column("seq", Integer, nullable=False),
)


class StillClock:
    """Stands still until it is moved."""

    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The time it was left at."""
        return self.moment

    def advance(self, by: timedelta) -> None:
        """Move on."""
        self.moment += by


def events_of(session: Session, topic: str, key: str) -> list[Event]:
    """The events of a stream as it keeps them, oldest first."""
    return [from_payload(row.type, row.data) for row in outbox.stream(session, topic, key)]


def tally(unit_id: str = "unit-a") -> tallies.OfferTallied:
    """Somebody said no to shelter."""
    return tallies.OfferTallied(
        unit_id=unit_id,
        sector=Sector.HOUSING,
        need=Need.EMERGENCY_SHELTER,
        entry_door=EntryDoor.COMMUNITY,
    )


def program(version: int, program_id: str = "program-a") -> directory.ProgramPublished:
    """One version of a directory entry."""
    return directory.ProgramPublished(
        program_id=program_id,
        agency_id="agency-a",
        version=version,
        name="Night shelter",
        agency_name="Agency A",
        sector=Sector.HOUSING,
        needs=(Need.EMERGENCY_SHELTER,),
        time_zone="Europe/London",
    )


def message(
    seq: int, key: str = "unit-a", topic: str = TALLIES, ident: UUID | None = None
) -> Message:
    """The bytes of one event of a stream."""
    event = tally(key) if topic == TALLIES else program(seq, key)
    return encode(
        Envelope(id=ident or uuid4(), topic=topic, key=key, seq=seq, time=NOON, event=event)
    )


def record(seq: int, key: str = "unit-a", topic: str = TALLIES) -> Record:
    """A message at an offset of its own: its number."""
    return Record(0, seq - 1, message(seq, key, topic))


def with_value(of: Record, value: bytes) -> Record:
    """The record with other bytes in it."""
    return replace(of, message=replace(of.message, value=value))


def with_headers(of: Record, **named: bytes) -> Record:
    """The record with other headers."""
    return replace(of, message=replace(of.message, headers={**of.message.headers, **named}))


def of_type(of: Record, name: str) -> Record:
    """The record with another type in its headers."""
    return with_headers(of, ce_type=name.encode())


def misfit(of: Record) -> Record:
    """The record with JSON in it that does not fit the schema of its type."""
    return with_value(of, b'{"unit_id": 5, "sector": "Jane Canary"}')


class Ledger:
    """A handler whose effect is a row, written in the transaction that it is given."""

    def __init__(self) -> None:
        self.failing: set[tuple[str, int]] = set()

    @property
    def handlers(self) -> dict[type, Handler]:
        """What an inbox takes."""
        return {tallies.OfferTallied: self.write, directory.ProgramPublished: self.write}

    def write(self, session: Session, now: datetime, envelope: Envelope) -> None:
        """Write the row; fails after writing where it is told to."""
        del now
        row = {"topic": envelope.topic, "key": envelope.key, "seq": envelope.seq}
        session.execute(handled.insert().values(row))
        if (envelope.key, envelope.seq) in self.failing:
            raise ValueError("Jane Canary, 555-0100")


def database_at(url: str) -> Database:
    """A database with the tables of the chassis and the ledger's."""
    database = Database(url)
    tables.metadata.create_all(database.engine)
    metadata.create_all(database.engine)
    return database


def ledger_of(database: Database) -> dict[str, list[int]]:
    """What was handled, in order, per key."""
    found: dict[str, list[int]] = {}
    with database.transaction() as session:
        for row in session.execute(select(handled).order_by(handled.c.number)):
            found.setdefault(row.key, []).append(row.seq)
    return found
