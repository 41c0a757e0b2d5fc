"""Bringing a service's database to the schema its code expects (Alembic)."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import contracts
from contracts.topics import Service
from services.chassis.database import Database

ROOT: Final = Path(contracts.__file__).parent.parent / "deploy" / "migrations"


class SchemaError(Exception):
    """The database is not at the schema version that the code expects."""


def upgrade(database: Database, service: Service) -> None:
    """Apply every migration that is missing, in one transaction."""
    with database.engine.begin() as connection:
        config = _config(service)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current(database: Database) -> str | None:
    """The schema version of the database; None for an empty one."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head(service: Service) -> str | None:
    """The schema version that the code expects."""
    return ScriptDirectory.from_config(_config(service)).get_current_head()


def check(database: Database, service: Service) -> None:
    """Raise SchemaError where ``handoff migrate`` has to be run first."""
    have, want = current(database), head(service)
    if have != want:
        raise SchemaError(f"{service} is at schema {have or 'none'}, not {want}: handoff migrate")


def _config(service: Service) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT))
    config.set_main_option("version_locations", str(ROOT / service))
    config.set_main_option("path_separator", "os")
    return config
