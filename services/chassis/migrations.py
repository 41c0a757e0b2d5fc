"""Bringing a store to the schema that the code expects (Alembic).

A store is a service's database, or on PostgreSQL the one of persons' keys; its migrations stand in
the folder of its name. Alembic is imported where it upgrades and nowhere else: every process asks
at which schema its database is, and for that 10 MB and a tenth of a second are too much.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

import contracts
from services.chassis.database import Database
from services.chassis.postgres import show_every_agency, take_long_turn

ROOT: Final = Path(contracts.__file__).parent.parent / "deploy" / "migrations"
VERSION_TABLE: Final = "alembic_version"
# The advisory lock that keeps two migrations of a database apart.
TURN: Final = "migrate"
_VERSIONS: Final = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a name of ours
# How a migration says which it is, and which it follows: "..." or None.
_NAMED: Final = re.compile(
    r'^(revision|down_revision)\b[^=\n]*= *(?:"([^"\n]+)"|None)$', re.MULTILINE
)


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
        _apply(connection, store, to)


def current(database: Database) -> str | None:
    """The schema version of the database, None for an empty one; raises SchemaError."""
    with database.engine.connect() as connection:
        return _current(connection)


def head(store: str) -> str | None:
    """The schema version that the code expects; raises SchemaError where that is not one."""
    steps = _steps(ROOT, store)
    newest = sorted(steps.keys() - set(steps.values()))
    if len(newest) > 1:
        raise SchemaError(f"{store} has several newest migrations: {', '.join(newest)}")
    return newest[0] if newest else None


def known(store: str) -> frozenset[str]:
    """Every schema version that the code can upgrade, or serves."""
    return frozenset(_steps(ROOT, store))


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
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    told = connection.scalars(_VERSIONS).all()
    if len(told) > 1:
        raise SchemaError("it tells more than one schema version: restore a backup")
    if not told and _has_other_tables(connection):
        raise SchemaError("it tells no schema version: restore a backup")
    return str(told[0]) if told else None


def _check_known(connection: Connection, store: str) -> None:
    have = _current(connection)
    if have is not None and have not in known(store):
        raise SchemaError(
            f"its schema {have} was written by another version of Handoff: "
            "install that version or restore a backup"
        )


def _has_other_tables(connection: Connection) -> bool:
    return set(inspect(connection).get_table_names()) != {VERSION_TABLE}


@cache
def _steps(root: Path, store: str) -> Mapping[str, str | None]:
    """Each schema version with the one before it, read once: readiness asks all the time."""
    texts = (path.read_text(encoding="utf-8") for path in sorted((root / store).glob("*.py")))
    named = (dict(_NAMED.findall(each)) for each in texts)
    return {each["revision"]: each["down_revision"] or None for each in named}


def _apply(connection: Connection, store: str, to: str) -> None:
    from alembic import command  # noqa: PLC0415 - see this module's first words
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(ROOT))
    config.set_main_option("version_locations", str(ROOT / store))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)
