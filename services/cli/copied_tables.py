"""Copying the tables of a PostgreSQL database, out into files and back, without a program for it.

COPY in its text form, a file for each table: any server of any version reads it.
"""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, inspect, text

from services.chassis.migrations import VERSION_TABLE
from services.cli.home import HomeError
from services.cli.screen import Meter

LIST: Final = "tables.json"
_COUNTED: Final = text(
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    " AND (is_identity = 'YES' OR column_default LIKE 'nextval(%')"
)
_FORCED: Final = text(
    "SELECT relname FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND relforcerowsecurity"
)


def copy_out(view: Connection, folder: Path, shown: Meter) -> str:
    """Write every table as the view shows it; returns the schema version."""
    folder.mkdir(mode=0o700, parents=True)
    tables = {name: _columns(view, name) for name in _tables(view)}
    for number, (name, columns) in enumerate(tables.items(), 1):
        with _new_file(folder / f"{name}.copy") as file:
            query = f"COPY (SELECT {_listed(columns)} FROM {_quoted(name)}) TO STDOUT"  # noqa: S608 - names of our tables
            with _cursor(view) as cursor, cursor.copy(query) as copy:
                for block in copy:
                    file.write(block)
            _sync(file)
        shown.show(number, len(tables), f"{folder.name}.{name}")
    with _new_file(folder / LIST) as file:
        file.write(json.dumps(tables, indent=1).encode())
        _sync(file)
    return str(view.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar_one())  # noqa: S608 - our table


def copy_in(owner: Connection, folder: Path, shown: Meter) -> None:
    """Fill the empty tables of a database of the same schema; the connection owns them."""
    tables: dict[str, list[str]] = json.loads((folder / LIST).read_text(encoding="utf-8"))
    forced = list(owner.scalars(_FORCED))
    for name in forced:  # COPY does not go through row-level policies
        owner.exec_driver_sql(f"ALTER TABLE {_quoted(name)} NO FORCE ROW LEVEL SECURITY")
    ordered = [name for name in _tables(owner) if name in tables]
    for number, name in enumerate(ordered, 1):
        query = f"COPY {_quoted(name)} ({_listed(tables[name])}) FROM STDIN"
        with _cursor(owner) as cursor, cursor.copy(query) as copy:
            for block in _blocks(folder / f"{name}.copy"):
                copy.write(block)
        shown.show(number, len(ordered), f"{folder.name}.{name}")
    for name in forced:
        owner.exec_driver_sql(f"ALTER TABLE {_quoted(name)} FORCE ROW LEVEL SECURITY")
    _count_on(owner)


def refuse_tables(owner: Connection, named: str) -> None:
    """Raise HomeError where a database holds anything."""
    if inspect(owner).get_table_names():
        raise HomeError(f"{named} holds tables: name an empty database, or move that one away")


def _tables(connection: Connection) -> list[str]:
    """The tables by name, those first that others refer to."""
    found = inspect(connection).get_sorted_table_and_fkc_names()
    return [name for name, _ in found if name is not None and name != VERSION_TABLE]


def _columns(connection: Connection, table: str) -> list[str]:
    return [str(column["name"]) for column in inspect(connection).get_columns(table)]


def _count_on(owner: Connection) -> None:
    """Let each sequence go on after the last number of its table."""
    for table, column in owner.execute(_COUNTED).all():
        owner.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{_quoted(table)}', '{column}'),"  # noqa: S608 - our own tables
            f" max({_quoted(column)})) FROM {_quoted(table)} HAVING max({_quoted(column)}) > 0"
        )


def _cursor(connection: Connection) -> Any:
    """A cursor of the driver: SQLAlchemy knows no COPY."""
    return connection.connection.cursor()


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(map(_quoted, columns))


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""').replace("%", "%%")
    return f'"{escaped}"'


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(1 << 16):
            yield block


def _new_file(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
