"""The two PostgreSQL roles of a store: one owns its tables, one serves with few rights."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, make_url, text

from services.chassis.database import Database
from services.chassis.migrations import TURN, VERSION_TABLE
from services.chassis.postgres import (
    LOCK_TIMEOUT_S,
    NO_AGENCY,
    lasting_engine,
    take_long_turn,
)

# Chains are only ever added to; of history, erasure takes the facts and their salt. Whose access
# ended is never forgotten.
_RIGHTS: Final = {
    VERSION_TABLE: "SELECT",
    "audit": "SELECT, INSERT",
    "ended_access": "SELECT, INSERT, UPDATE",
    "history": "SELECT, INSERT, UPDATE (payload, salt)",
    "stream_heads": "SELECT, INSERT, UPDATE",
}
_DIRECT: Final = "connect without a transaction pooler, and without one that drops options"
_EVERY_RIGHT: Final = "SELECT, INSERT, UPDATE, DELETE"
_TABLES: Final = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
_OWN: Final = text(
    "SELECT current_user AS owner, datname AS database, to_regrole(:app) IS NOT NULL AS is_there, "
    "pg_has_role(datdba, 'MEMBER') AS owns FROM pg_database WHERE datname = current_database()"
)
# What a session of ours is opened with (see postgres.py), as the server then shows it.
_SESSION: Final = {"agency": NO_AGENCY, "patience": f"{LOCK_TIMEOUT_S}s"}
_STANDING: Final = text(
    """
    WITH tables AS (
        SELECT oid, relname::text AS name, relowner FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    )
    SELECT rolname AS role, rolsuper, rolbypassrls,
        current_setting('handoff.agency', true) IS DISTINCT FROM :agency
            OR current_setting('lock_timeout') <> :patience AS stripped,
        has_schema_privilege('public', 'CREATE') AS creates,
        (SELECT min(name) FROM tables WHERE pg_has_role(relowner, 'MEMBER')) AS owned,
        (SELECT min(name) FROM tables WHERE NOT has_table_privilege(oid, 'SELECT')) AS closed
    FROM pg_roles WHERE rolname = current_user
    """
)


class RoleError(Exception):
    """A database role may more, or less, than it should; the text names it and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passwords:
    """The passwords of the role that serves and of the one that owns the tables."""

    app: str = field(repr=False)
    owner: str = field(repr=False)


def grant(engine: Engine, app_role: str) -> None:
    """Give the role that serves exactly what it needs; the engine's role owns tables and database.

    Raises RoleError where it does not own them, or the other role is not there or the same.
    """
    quoted = engine.dialect.identifier_preparer.quote_identifier
    with engine.begin() as connection:
        take_long_turn(connection, TURN)
        own = connection.execute(_OWN, {"app": quoted(app_role)}).one()
        _check_owner(own, app_role)
        tables = connection.scalars(_TABLES).all()
        for line in _grants(quoted(own.database), quoted(app_role)):
            connection.exec_driver_sql(line)
        for table in tables:
            rights = _RIGHTS.get(table, _EVERY_RIGHT)
            connection.exec_driver_sql(f"GRANT {rights} ON {quoted(table)} TO {quoted(app_role)}")


def check(database: Database) -> None:
    """Raise RoleError where the role that serves could pass by the rules, or may not read.

    So too where its sessions lack the settings that they are opened with.
    """
    with database.engine.connect() as connection:
        fault = _fault_of(connection.execute(_STANDING, _SESSION).one())
    if fault is not None:
        raise RoleError(fault)


def create_store(
    superuser_url: str, store: str, passwords: Passwords, database: str | None = None
) -> tuple[str, str]:
    """Make a database and its two roles where they are missing, and set the passwords.

    The database is called like the store unless another name is given. Returns the address for
    the role that serves, and that for the role which owns the tables.
    """
    named = database or store
    app, owner = f"{store}_app", f"{store}_owner"
    engine = lasting_engine(superuser_url)
    quoted = engine.dialect.identifier_preparer.quote_identifier
    with engine.connect() as connection:
        _role(connection, app, passwords.app)
        _role(connection, owner, passwords.owner)
        if not _is_there(connection, "pg_database", "datname", named):
            connection.exec_driver_sql(f"CREATE DATABASE {quoted(named)} OWNER {quoted(owner)}")
        connection.exec_driver_sql(f"REVOKE ALL ON DATABASE {quoted(named)} FROM PUBLIC")
        connection.exec_driver_sql(f"GRANT CONNECT ON DATABASE {quoted(named)} TO {quoted(app)}")
    return _address(superuser_url, named, app, passwords.app), _address(
        superuser_url, named, owner, passwords.owner
    )


def _check_owner(own: Row[Any], app_role: str) -> None:
    if not own.is_there:
        raise RoleError(f"there is no role {app_role}: CREATE ROLE {app_role} LOGIN")
    if own.owner == app_role:
        raise RoleError(f"the role {app_role} is to serve: let another one own and migrate")
    if not own.owns:
        raise RoleError(f"ALTER DATABASE {own.database} OWNER TO {own.owner} is needed first")


def _grants(database: str, role: str) -> Iterator[str]:
    """What is said of no single table, what was granted before taken back first."""
    yield f"REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC"
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"GRANT CONNECT ON DATABASE {database} TO {role}"
    yield f"REVOKE ALL ON SCHEMA public FROM {role}"
    yield f"GRANT USAGE ON SCHEMA public TO {role}"
    for things in ("TABLES", "SEQUENCES"):
        yield f"REVOKE ALL ON ALL {things} IN SCHEMA public FROM {role}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"


def _fault_of(found: Row[Any]) -> str | None:
    """The first thing that is wrong, the worst first."""
    right = "give the service a role of its own (handoff migrate grants it what it needs)"
    faults = {
        f"the role {found.role} is a superuser: {right}": found.rolsuper,
        f"the role {found.role} has BYPASSRLS: {right}": found.rolbypassrls,
        f"the role {found.role} owns the table {found.owned}: {right}": found.owned,
        f"the role {found.role} may create tables: {right}": found.creates,
        f"sessions of the role {found.role} lack their settings: {_DIRECT}": found.stripped,
        f"the role {found.role} may not read {found.closed}: handoff migrate": found.closed,
    }
    return next((text for text, wrong in faults.items() if wrong), None)


def _role(connection: Connection, name: str, password: str) -> None:
    """A role without any right; the server is told a digest of its password, not the password."""
    driver: Any = connection.connection.driver_connection
    digest = driver.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    there = _is_there(connection, "pg_roles", "rolname", name)
    quoted = connection.dialect.identifier_preparer.quote_identifier(name)
    connection.exec_driver_sql(
        f"{'ALTER' if there else 'CREATE'} ROLE {quoted} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE "
        f"NOREPLICATION NOBYPASSRLS PASSWORD '{digest.decode()}'"
    )


def _is_there(connection: Connection, catalogue: str, column: str, name: str) -> bool:
    query = text(f"SELECT 1 FROM {catalogue} WHERE {column} = :name")  # noqa: S608 - our own words
    return connection.scalar(query, {"name": name}) is not None


def _address(url: str, database: str, role: str, password: str) -> str:
    made = make_url(url).set(username=role, password=password, database=database)
    return made.render_as_string(hide_password=False)
