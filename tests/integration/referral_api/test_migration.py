"""The migrated schema is the one that the tables declare, and the service starts on it."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, inspect

from contracts.topics import Service
from services.chassis import migrations
from services.chassis import tables as chassis
from services.chassis.database import Database
from services.referral_api.tables import Base
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


def test_a_service_on_the_right_schema_is_ready(office: Office) -> None:
    assert office.service.faults() == []
    office.plant("UPDATE alembic_version SET version_num = 'referral_api_0000'")
    (fault,) = office.service.faults()
    assert "handoff migrate" in fault
