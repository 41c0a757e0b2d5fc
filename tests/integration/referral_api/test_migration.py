"""The migrated schema is the one that the tables declare, and the service starts on it."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, inspect, select, text

from contracts.topics import Service
from services.chassis import migrations
from services.chassis import tables as chassis
from services.chassis.database import Database
from services.referral_api.tables import AttentionRow, Base, WorkItem
from tests.integration.referral_api.office import Office


def test_the_migrated_schema_is_the_declared_one(office: Office) -> None:
    with office.service.database.engine.connect() as connection:
        declared: Any = [chassis.metadata, Base.metadata]
        assert compare_metadata(MigrationContext.configure(connection), declared) == []


def test_the_migrated_checks_are_the_declared_ones(office: Office) -> None:
    database = office.service.database
    found = inspect(database.engine)
    for table in Base.metadata.tables.values():
        declared = {
            check.name: str(check.sqltext)
            for check in table.constraints
            if isinstance(check, CheckConstraint)
        }
        migrated = {c["name"]: c["sqltext"] for c in found.get_check_constraints(table.name)}
        assert migrated.keys() == declared.keys()
        # PostgreSQL keeps the meaning of a condition, SQLite its very text.
        assert database.on_postgres or migrated == declared


def test_the_migration_can_be_taken_back(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'referrals.sqlite'}")
    migrations.upgrade(database, Service.REFERRAL_API)
    with database.engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(migrations.ROOT))
        config.set_main_option("version_locations", str(migrations.ROOT / Service.REFERRAL_API))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    database.close()


BEFORE_THE_WORKLIST = """
    INSERT INTO referrals (id, reference, encounter_id, unit_id, submitted_by, submitted_at,
        origin, training, need, urgency, accommodations, preferred, avoided, state, attempt,
        attempt_open, attempt_opened_at, review_at, facts_version, version)
    VALUES (:id, :id, :id, 'central', 'ann', :at, 'live', false, 'counselling', 'routine', '[]',
        '[]', '[]', :state, 1, :open, :at, :due, 1, 1)
"""


def test_what_waited_before_there_was_a_worklist_is_in_it(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'referrals.sqlite'}")
    migrations.upgrade(database, Service.REFERRAL_API, "referral_api_0002")
    at, due = "2027-03-01T15:00:00.000000+00:00", "2027-03-01T17:00:00.000000+00:00"
    with database.transaction() as session:
        session.execute(text("INSERT INTO units VALUES ('central', 'Central', false)"))
        for number, state in enumerate(("unplaced", "waitlisted", "accepted")):
            row = {"id": f"{number:032}", "at": at, "due": due, "state": state}
            session.execute(text(BEFORE_THE_WORKLIST), row | {"open": state != "accepted"})
    migrations.upgrade(database, Service.REFERRAL_API)
    with database.transaction() as session:
        listed = session.scalars(select(AttentionRow).order_by(AttentionRow.why)).all()
        assert [row.why for row in listed] == ["unplaced", "waitlisted"]
        assert {row.due_at.isoformat() for row in listed} == {"2027-03-01T17:00:00+00:00"}
        items = session.scalars(select(WorkItem)).all()
        assert {(i.referral_id, i.due_at) for i in items} == {
            (row.referral_id, row.due_at) for row in listed
        }
    database.close()


def test_a_service_on_the_right_schema_is_ready(office: Office) -> None:
    assert office.service.faults() == []
    office.plant("UPDATE alembic_version SET version_num = 'referral_api_0000'")
    (fault,) = office.service.faults()
    assert "handoff migrate" in fault
