"""The migrated schema is the one that the code works on."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from contracts.topics import Service
from services.chassis import migrations, tables
from services.notifier.tables import Model
from tests.integration.notifier.conftest import Desk


def everything() -> MetaData:
    whole = MetaData(naming_convention=tables.NAMES)
    for part in (tables.metadata, Model.metadata):
        for table in part.tables.values():
            table.to_metadata(whole)
    return whole


def differences(desk: Desk, wanted: MetaData) -> list[object]:
    with desk.service.database.engine.connect() as connection:
        options = {"compare_type": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), wanted))


def test_the_migrations_make_the_tables_of_the_code(desk: Desk) -> None:
    assert [d for d in differences(desk, everything()) if "alembic_version" not in str(d)] == []


def test_a_table_that_no_migration_makes_is_found(desk: Desk) -> None:
    wanted = everything()
    wanted.tables["notices"].to_metadata(wanted, name="forgotten")
    assert "forgotten" in str(differences(desk, wanted))


def test_the_service_is_ready_at_its_schema_and_says_so(desk: Desk) -> None:
    assert desk.service.faults() == []
    assert migrations.current(desk.service.database) == migrations.head(Service.NOTIFIER)
