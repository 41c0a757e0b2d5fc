"""PostgreSQL databases for tests: a template that is made once, and a copy that a test may spoil.

The role that owns the tables and the role that serves are two, as in production. Making a database
takes longer than most tests, so a copy is put back as it was, and used again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Final

import pytest
from sqlalchemy import URL, Connection, NullPool, create_engine, make_url, text

from services.chassis import roles
from services.chassis.database import Database
from services.local_servers.postgres import Postgres

# The databases that every test of a store runs on.
POSTGRES: Final = pytest.param("postgres", marks=pytest.mark.postgres)
BOTH: Final = ["sqlite", POSTGRES]
_ROLES: Final = "store"
_PASSWORDS: Final = roles.Passwords(app="serves", owner="owns")
_numbers = count(1)
# Beside the tables of a copy: what stood in them when it was made.
_KEEP: Final = """
CREATE SCHEMA kept;
CREATE TABLE kept.numbers_of_sequences AS
    SELECT sequencename AS name, coalesce(last_value, start_value) AS value,
           last_value IS NOT NULL AS used
    FROM pg_sequences WHERE schemaname = 'public';
DO $$ DECLARE t text; BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE 'CREATE TABLE kept.' || t || ' AS TABLE public.' || t;
    END LOOP;
END $$
"""
_PUT_BACK: Final = """
DO $$ DECLARE t text; BEGIN
    SET LOCAL session_replication_role = replica; -- in no order that foreign keys would ask for
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE 'DELETE FROM public.' || t;
        EXECUTE 'INSERT INTO public.' || t || ' SELECT * FROM kept.' || t;
    END LOOP;
    PERFORM setval('public.' || name, value, used) FROM kept.numbers_of_sequences;
END $$
"""
_LEAVE: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# Who changes tables, indexes, policies or rights makes other numbers of them, and who fills a
# table beyond measure another size: such a copy is not used again.
_SHAPE: Final = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
    SELECT concat(oid, relkind, relrowsecurity, relforcerowsecurity, relacl) AS part
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat('c', oid) FROM pg_constraint
    UNION ALL SELECT concat('p', oid, polqual) FROM pg_policy
    UNION ALL SELECT concat('t', oid) FROM pg_trigger
    UNION ALL SELECT concat('s', pg_database_size(current_database()) / 16000000)
) AS shape
"""


@dataclass(frozen=True, slots=True)
class Store:
    """The two addresses of one database: for the role that serves, and for the owner."""

    app: str
    owner: str


class Cluster:
    """The databases of one server."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._admin = create_engine(server.url(), isolation_level="AUTOCOMMIT")
        self._idle: dict[str, list[tuple[str, str]]] = defaultdict(list)

    def template(self, migrate: Callable[[Database], None]) -> Store:
        """A database that the owner has migrated, open to the role that serves."""
        name = f"template_{next(_numbers)}"
        store = Store(*roles.create_store(self._server.url(), _ROLES, _PASSWORDS, name))
        owner = Database(store.owner)
        migrate(owner)
        roles.grant(owner.engine, str(make_url(store.app).username))
        owner.close()
        return store

    @contextmanager
    def copy(self, template: Store) -> Iterator[Store]:
        """A copy of a database that nobody is connected to; put back or dropped afterwards."""
        app, owner = make_url(template.app), make_url(template.owner)
        idle = self._idle[template.app]
        name, shape = idle.pop() if idle else self._made(app, owner)
        addresses = (url.set(database=name) for url in (app, owner))
        yield Store(*(url.render_as_string(hide_password=False) for url in addresses))
        if self._put_back(name, shape):
            idle.append((name, shape))
        else:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        """Close the administrator's connection."""
        self._admin.dispose()

    def _run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))

    def _made(self, app: URL, owner: URL) -> tuple[str, str]:
        """The name and shape of a new copy."""
        name = f"copy_{next(_numbers)}"
        self._run(f"CREATE DATABASE {name} OWNER {owner.username} TEMPLATE {app.database}")
        with self._inside(name) as connection:
            connection.exec_driver_sql(_KEEP)
            return name, str(connection.exec_driver_sql(_SHAPE).scalar())

    def _put_back(self, name: str, shape: str) -> bool:
        """Make the copy as it was; False where its shape was changed."""
        with self._inside(name) as connection:
            connection.exec_driver_sql(_LEAVE)
            if connection.exec_driver_sql(_SHAPE).scalar() != shape:
                return False
            connection.exec_driver_sql(_PUT_BACK)
        return True

    @contextmanager
    def _inside(self, name: str) -> Iterator[Connection]:
        """A connection of the administrator to a copy."""
        url = self._server.url(name)
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection
