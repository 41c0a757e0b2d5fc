"""A matcher that was at work before halts and queues had rows goes on where it stood."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text

from contracts.topics import Service
from services.chassis import migrations
from services.chassis.database import Database

BEFORE = "matcher_0002"
AGENCY = text("INSERT INTO agencies VALUES ('harbour', 'Harbour')")
PROGRAM = text(
    "INSERT INTO programs (id, agency_id, name, sector, needs, languages, accommodations,"
    " eligibility, hours, places, time_zone, active, paused, training, version) VALUES"
    " (:id, 'harbour', 'Beds', 'housing', '[]', '[]', '[]', '[]', '[]', '[]',"
    " 'America/Chicago', :active, :paused, false, 1)"
)
PROGRAMS: list[dict[str, object]] = [
    {"id": "open-beds", "active": True, "paused": False},
    {"id": "paused-beds", "active": True, "paused": True},
    {"id": "gone-beds", "active": False, "paused": False},
]
REQUEST = text(
    "INSERT INTO requests (referral_id, sector, need, urgency, urgency_rank, submitted_at,"
    " accommodations, preferred, avoided, training, attempt, excluded, answered,"
    " decision_number, due) VALUES"
    " (:id, 'housing', 'emergency_shelter', 'urgent', 1, '2027-03-01T12:00:00.000000+00:00',"
    " '[]', '[]', '[]', false, :attempt, '[]', :answered, 1, false)"
)
WAITING, ROUTED, ENDED = (f"{number:032}" for number in (1, 2, 3))
REQUESTS: list[dict[str, object]] = [
    {"id": WAITING, "attempt": 1, "answered": "waitlisted"},
    {"id": ROUTED, "attempt": 1, "answered": "routed"},
    {"id": ENDED, "attempt": None, "answered": "unplaced"},
]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A file as it was before, with a program of each standing and somebody who waits."""
    found = Database(f"sqlite:///{tmp_path / 'matcher.sqlite'}")
    migrations.upgrade(found, Service.MATCHER, BEFORE)
    with found.engine.begin() as connection:
        connection.execute(AGENCY)
        connection.execute(PROGRAM, PROGRAMS)
        connection.execute(REQUEST, REQUESTS)
    yield found
    found.close()


def _rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_pause_that_was_there_stays_and_can_be_resumed(database: Database) -> None:
    migrations.upgrade(database, Service.MATCHER)
    assert _rows(database, "SELECT scope, target_id, kind, agency_id, because FROM halts") == [
        ("program", "paused-beds", "pause", "harbour", "other")
    ]
    told = "SELECT id, paused_because FROM programs WHERE paused_because IS NOT NULL"
    assert _rows(database, told) == [("paused-beds", "other")]
    since = _rows(database, "SELECT h.since = p.paused_since FROM halts h, programs p WHERE paused")
    assert since == [(1,)]


def test_what_the_directory_lists_is_what_was_active(database: Database) -> None:
    migrations.upgrade(database, Service.MATCHER)
    listed = _rows(database, "SELECT id FROM programs WHERE listed ORDER BY id")
    assert listed == [("open-beds",), ("paused-beds",)]


def test_whoever_waits_is_looked_at_again_and_so_comes_into_a_queue(database: Database) -> None:
    migrations.upgrade(database, Service.MATCHER)
    assert _rows(database, "SELECT referral_id FROM requests WHERE due") == [(WAITING,)]


def test_the_migrations_can_be_taken_back(database: Database) -> None:
    migrations.upgrade(database, Service.MATCHER)
    config = Config()
    config.set_main_option("script_location", str(migrations.ROOT))
    config.set_main_option("version_locations", str(migrations.ROOT / Service.MATCHER))
    config.set_main_option("path_separator", "os")
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
