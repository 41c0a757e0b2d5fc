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
from sqlalchemy import Engine, create_engine, make_url, text

from services.chassis import roles
from services.chassis.database import Database
from services.local_servers.postgres import Postgres

# The databases that every test of a store runs on.
POSTGRES: Final = pytest.param("postgres", marks=pytest.mark.postgres)
BOTH: Final = ["sqlite", POSTGRES]
_ROLES: Final = "store"
_PASSWORDS: Final = roles.Passwords(app="serves", owner="owns")
_numbers = count(1)
# Beside the tables of a copy: what stood in them when it was made, and how that comes back.
_KEEP: Final = """
CREATE SCHEMA kept;
CREATE TABLE kept.numbers_of_sequences AS
    SELECT sequencename AS name, coalesce(last_value, start_value) AS value,
           last_value IS NOT NULL AS used
    FROM pg_sequences WHERE schemaname = 'public';
DO $$ DECLARE t text; every text := ''; BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE 'CREATE TABLE kept.' || t || ' AS TABLE public.' || t;
        every := every || 'DELETE FROM public.' || t || ';'
            || 'INSERT INTO public.' || t || ' SELECT * FROM kept.' || t || ';';
    END LOOP;
    EXECUTE 'CREATE FUNCTION kept.put_back() RETURNS void LANGUAGE plpgsql AS '
        || quote_literal('BEGIN ' || every || 'PERFORM setval(''public.'' || name, value, used)
                          FROM kept.numbers_of_sequences; END');
END $$
"""
# In no order that foreign keys would ask for.
_PUT_BACK: Final = "SET session_replication_role = replica; SELECT kept.put_back()"
# A pool of a service that outlives its test keeps its connections, where they left nothing behind.
_LEAVE: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND (state <> 'idle' OR pid IN (SELECT pid FROM pg_locks))
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


@dataclass(slots=True)
class _Copy:
    """What a copy is one of, the administrator's way into it, and its shape when it was made."""

    template: Store
    inside: Engine
    shape: str = ""


class Cluster:
    """The databases of one server."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._admin = create_engine(server.url(), isolation_level="AUTOCOMMIT")
        self._copies: dict[Store, _Copy] = {}
        self._idle: dict[Store, list[Store]] = defaultdict(list)

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
        """A copy of a database that nobody is connected to; put back for the next one afterwards.

        Connections that are idle by then stay open.
        """
        idle = self._idle[template]
        copy = idle.pop() if idle else self.make(template)
        yield copy
        self.put_back(copy)
        idle.append(copy)

    def make(self, template: Store) -> Store:
        """A copy for whoever keeps it, and puts it back."""
        name = f"copy_{next(_numbers)}"
        addresses = (make_url(url).set(database=name) for url in (template.app, template.owner))
        copy = Store(*(url.render_as_string(hide_password=False) for url in addresses))
        inside = create_engine(self._server.url(name), isolation_level="AUTOCOMMIT")
        self._copies[copy] = _Copy(template, inside)
        self._fill(copy)
        return copy

    def put_back(self, copy: Store) -> None:
        """Make a copy as it was: anew, under the same name, where its shape was changed."""
        made = self._copies[copy]
        with made.inside.connect() as connection:
            connection.exec_driver_sql(_LEAVE)
            if connection.exec_driver_sql(_SHAPE).scalar() == made.shape:
                connection.exec_driver_sql(_PUT_BACK)
                return
        made.inside.dispose()
        self._run(f"DROP DATABASE {make_url(copy.app).database} WITH (FORCE)")
        self._fill(copy)

    def close(self) -> None:
        """Close the administrator's connections."""
        for engine in (self._admin, *(copy.inside for copy in self._copies.values())):
            engine.dispose()

    def _run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))

    def _fill(self, copy: Store) -> None:
        made, new, owner = self._copies[copy], make_url(copy.app), make_url(copy.owner).username
        origin = make_url(made.template.app).database
        self._run(f"CREATE DATABASE {new.database} OWNER {owner} TEMPLATE {origin}")
        with made.inside.connect() as connection:
            connection.exec_driver_sql(_KEEP)
            made.shape = str(connection.exec_driver_sql(_SHAPE).scalar())
