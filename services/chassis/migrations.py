"""Bringing a service's database to the schema its code expects (Alembic)."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

import contracts
from contracts.topics import Service
from services.chassis.database import Database

ROOT: Final = Path(contracts.__file__).parent.parent / "deploy" / "migrations"
_VERSION_TABLE: Final = "alembic_version"


class SchemaError(Exception):
    """The database is not at the schema version that the code expects."""


def upgrade(database: Database, service: Service) -> None:
    """Apply every migration that is missing, in one transaction.

    Raises SchemaError for a database that ``check_known`` refuses.
    """
    check_known(database, service)
    with database.engine.begin() as connection:
        config = _config(service)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current(database: Database) -> str | None:
    """The schema version of the database, None for an empty one; raises SchemaError."""
    with database.engine.connect() as connection:
        try:
            have = MigrationContext.configure(connection).get_current_revision()
        except CommandError:
            raise SchemaError("it tells more than one schema version: restore a backup") from None
        if have is None and _lost_its_version(connection):
            raise SchemaError("it tells no schema version: restore a backup")
        return have


def head(service: Service) -> str | None:
    """The schema version that the code expects."""
    return ScriptDirectory.from_config(_config(service)).get_current_head()


def known(service: Service) -> frozenset[str]:
    """Every schema version that the code can upgrade, or serves."""
    steps = ScriptDirectory.from_config(_config(service)).walk_revisions()
    return frozenset(step.revision for step in steps)


def check_known(database: Database, service: Service) -> None:
    """Raise SchemaError for a schema that is of another version of Handoff, or tells none."""
    have = current(database)
    if have is not None and have not in known(service):
        raise SchemaError(
            f"its schema {have} was written by another version of Handoff: "
            "install that version or restore a backup"
        )


def check(database: Database, service: Service) -> None:
    """Raise SchemaError where ``handoff migrate`` has to be run first."""
    have, want = current(database), head(service)
    if have != want:
        raise SchemaError(f"{service} is at schema {have or 'none'}, not {want}: handoff migrate")


def _lost_its_version(connection: Connection) -> bool:
    """Whether there are tables of ours, and a version table with nothing in it."""
    tables = set(inspect(connection).get_table_names())
    return _VERSION_TABLE in tables and tables != {_VERSION_TABLE}


def _config(service: Service) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT))
    config.set_main_option("version_locations", str(ROOT / service))
    config.set_main_option("path_separator", "os")
    return config
