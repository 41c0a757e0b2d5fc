"""Bringing a store to the schema that the code expects (Alembic).

A store is a service's database, or on PostgreSQL the one of persons' keys; its migrations stand in
the folder of its name.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

import contracts
from services.chassis.database import Database
from services.chassis.postgres import show_every_agency, take_long_turn

ROOT: Final = Path(contracts.__file__).parent.parent / "deploy" / "migrations"
VERSION_TABLE: Final = "alembic_version"
# The advisory lock that keeps two migrations of a database apart.
TURN: Final = "migrate"


class SchemaError(Exception):
    """The database is not at the schema version that the code expects."""


def upgrade(database: Database, store: str, to: str = "head") -> None:
    """Apply every migration that is missing, in one transaction; two at once wait for each other.

    ``to`` names an earlier schema version to stop at. Raises SchemaError for a database that
    ``check_known`` refuses.
    """
    with database.engine.begin() as connection:
        if database.on_postgres:
            take_long_turn(connection, TURN)
            show_every_agency(connection)  # the policies bind the owner too
        _check_known(connection, store)
        config = _config(store)
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def current(database: Database) -> str | None:
    """The schema version of the database, None for an empty one; raises SchemaError."""
    with database.engine.connect() as connection:
        return _current(connection)


def head(store: str) -> str | None:
    """The schema version that the code expects."""
    return ScriptDirectory.from_config(_config(store)).get_current_head()


def known(store: str) -> frozenset[str]:
    """Every schema version that the code can upgrade, or serves."""
    steps = ScriptDirectory.from_config(_config(store)).walk_revisions()
    return frozenset(step.revision for step in steps)


def check_known(database: Database, store: str) -> None:
    """Raise SchemaError for a schema that is of another version of Handoff, or tells none."""
    with database.engine.connect() as connection:
        _check_known(connection, store)


def check(database: Database, store: str) -> None:
    """Raise SchemaError where ``handoff migrate`` has to be run first."""
    have, want = current(database), head(store)
    if have != want:
        raise SchemaError(f"{store} is at schema {have or 'none'}, not {want}: handoff migrate")


def _current(connection: Connection) -> str | None:
    try:
        have = MigrationContext.configure(connection).get_current_revision()
    except CommandError:
        raise SchemaError("it tells more than one schema version: restore a backup") from None
    if have is None and _lost_its_version(connection):
        raise SchemaError("it tells no schema version: restore a backup")
    return have


def _check_known(connection: Connection, store: str) -> None:
    have = _current(connection)
    if have is not None and have not in known(store):
        raise SchemaError(
            f"its schema {have} was written by another version of Handoff: "
            "install that version or restore a backup"
        )


def _lost_its_version(connection: Connection) -> bool:
    """Whether there are tables of ours, and a version table with nothing in it."""
    tables = set(inspect(connection).get_table_names())
    return VERSION_TABLE in tables and tables != {VERSION_TABLE}


def _config(store: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT))
    config.set_main_option("version_locations", str(ROOT / store))
    config.set_main_option("path_separator", "os")
    return config
