"""The two roles of a store: what the one that serves may not do, and what readiness says of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine, event, make_url, text
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from services.chassis import roles
from services.chassis.database import Database
from services.chassis.faults import reason_of
from services.chassis.postgres import lasting_engine
from services.chassis.roles import Passwords, RoleError
from services.local_servers.postgres import Postgres
from tests.ports.at_once import at_once
from tests.ports.samples import database_at
from tests.ports.store_suite import publish, write_down

FORBIDDEN = [
    "CREATE TABLE mine (id integer)",
    "CREATE SCHEMA mine",
    "CREATE TEMPORARY TABLE mine (id integer)",
    "ALTER TABLE history ADD COLUMN mine integer",
    "DROP TABLE history",
    "TRUNCATE audit",
    "TRUNCATE inbox",
    "DELETE FROM audit",
    "UPDATE audit SET action = 'nothing'",
    "DELETE FROM history",
    "UPDATE history SET hash = digest",
    "UPDATE history SET seq = seq + 1",
    "DELETE FROM stream_heads",
    "DELETE FROM ended_access",
    "UPDATE alembic_version SET version_num = 'mine'",
    "INSERT INTO alembic_version VALUES ('mine')",
    "ALTER TABLE audit DISABLE TRIGGER ALL",
    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "SET ROLE chassis_owner",
    "SELECT setval('history_position_seq', 1)",
]

ALLOWED = [
    "SELECT version_num FROM alembic_version",
    "UPDATE history SET payload = NULL, salt = NULL",
    "DELETE FROM idempotency",
    "DELETE FROM waiting",
    "LOCK TABLE inbox IN SHARE ROW EXCLUSIVE MODE",
]


@dataclass(frozen=True, slots=True)
class Server:
    """The server, for its superuser."""

    engine: Engine

    def runs(self, *lines: str) -> None:
        """Run statements, each by itself."""
        with self.engine.connect() as connection:
            for line in lines:
                connection.execute(text(line))


@pytest.fixture
def server(postgres: Postgres) -> Iterator[Server]:
    """The server, and a role ``chassis_other`` that goes with the test."""
    found = Server(lasting_engine(postgres.url()))
    found.runs("CREATE ROLE chassis_other LOGIN PASSWORD 'other'")
    yield found
    found.runs("DROP ROLE chassis_other")


def as_other(addresses: tuple[str, str]) -> str:
    """The database's address for the role that neither serves nor owns."""
    url = make_url(addresses[0]).set(username="chassis_other", password="other")  # noqa: S106
    return url.render_as_string(hide_password=False)


def runs(database: Database, line: str) -> None:
    """One statement in a transaction of its own."""
    with database.transaction() as session:
        session.execute(text(line))


def refuses(database: Database, line: str) -> bool:
    """Whether it is for its role that the server does not run a statement."""
    try:
        runs(database, line)
    except ProgrammingError as error:
        said = str(error.orig)
        return "permission denied" in said or "must be owner" in said
    return False


def test_the_role_that_serves_can_change_no_table_and_no_chain(served: Database) -> None:
    publish(served)
    write_down(served, "referral-1")
    assert [line for line in FORBIDDEN if not refuses(served, line)] == []


def test_the_role_that_serves_can_do_what_services_do(served: Database) -> None:
    publish(served)
    assert [line for line in ALLOWED if refuses(served, line)] == []


def test_granting_again_takes_back_what_was_granted_by_hand(
    served: Database, owned: Database
) -> None:
    runs(owned, "GRANT ALL ON audit TO chassis_app")
    runs(owned, "GRANT UPDATE (hash) ON history TO chassis_app")
    roles.grant(owned.engine, "chassis_app")
    for line in ("DELETE FROM audit", "UPDATE history SET hash = digest"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            runs(served, line)


@pytest.mark.usefixtures("server")
def test_nobody_else_may_connect(served: Database, addresses: tuple[str, str]) -> None:
    roles.check(served)
    stranger = Database(as_other(addresses))
    with pytest.raises(SQLAlchemyError, match="permission denied for database"):
        stranger.ping()
    stranger.close()


def test_the_role_that_serves_is_found_right(served: Database) -> None:
    roles.check(served)


def test_the_owner_is_found_out_by_name(owned: Database) -> None:
    with pytest.raises(RoleError, match="the role chassis_owner owns the table audit") as caught:
        roles.check(owned)
    assert "handoff migrate grants it" in reason_of(caught.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("ALTER ROLE chassis_app SUPERUSER", "ALTER ROLE chassis_app NOSUPERUSER", "a superuser"),
        ("ALTER ROLE chassis_app BYPASSRLS", "ALTER ROLE chassis_app NOBYPASSRLS", "BYPASSRLS"),
        ("GRANT chassis_owner TO chassis_app", "REVOKE chassis_owner FROM chassis_app", "owns"),
    ],
)
def test_a_role_that_could_pass_by_the_rules_is_found_out(
    served: Database, server: Server, before: str, after: str, said: str
) -> None:
    server.runs(before)
    try:
        with pytest.raises(RoleError, match=f"the role chassis_app .*{said}"):
            roles.check(served)
    finally:
        server.runs(after)


def test_a_role_that_may_create_tables_is_found_out(served: Database, owned: Database) -> None:
    runs(owned, "GRANT CREATE ON SCHEMA public TO chassis_app")
    with pytest.raises(RoleError, match="chassis_app may create tables"):
        roles.check(served)


def test_a_role_that_was_granted_nothing_is_told_to_migrate(
    owned: Database, addresses: tuple[str, str]
) -> None:
    runs(owned, "SELECT 1")
    app = Database(addresses[0])
    with pytest.raises(RoleError, match="chassis_app may not read audit: handoff migrate"):
        roles.check(app)
    app.close()


def test_a_pooler_that_drops_what_sessions_are_opened_with_is_found_out(served: Database) -> None:
    def drop(_dialect: Any, _record: Any, _address: Any, wanted: dict[str, Any]) -> None:
        del wanted["options"]

    event.listen(served.engine, "do_connect", drop)
    with pytest.raises(RoleError, match="connect without a transaction pooler"):
        roles.check(served)


def test_a_session_that_shows_every_agency_is_found_out(served: Database) -> None:
    with served.engine.connect() as connection:  # as a pooler hands on what another one has set
        connection.execute(text("SET handoff.agency = '*'"))
        connection.commit()
    with pytest.raises(RoleError, match="chassis_app lack their settings"):
        roles.check(served)


def test_rights_are_refused_to_a_role_that_is_not_there(owned: Database) -> None:
    with pytest.raises(RoleError, match="there is no role chassis_nobody: CREATE ROLE"):
        roles.grant(owned.engine, "chassis_nobody")


def test_the_role_that_owns_is_not_to_serve(owned: Database) -> None:
    with pytest.raises(RoleError, match="chassis_owner is to serve: let another one own"):
        roles.grant(owned.engine, "chassis_owner")


def test_a_role_that_does_not_own_the_database_is_told_so(
    addresses: tuple[str, str], server: Server
) -> None:
    database = make_url(addresses[0]).database
    server.runs(f"GRANT CONNECT ON DATABASE {database} TO chassis_other")
    other = Database(as_other(addresses))
    with pytest.raises(RoleError, match=f"ALTER DATABASE {database} OWNER TO chassis_other"):
        roles.grant(other.engine, "chassis_app")
    other.close()
    server.runs(f"REVOKE CONNECT ON DATABASE {database} FROM chassis_other")


def test_a_store_made_again_keeps_what_is_in_it_and_has_the_new_passwords(
    addresses: tuple[str, str], postgres: Postgres
) -> None:
    before = database_at(addresses[1])
    publish(before)
    before.close()
    name = make_url(addresses[0]).database
    changed = Passwords(app="new 'one'", owner="new % two")
    _, owner = roles.create_store(postgres.url(), "chassis", changed, name)
    after = Database(owner)
    assert publish(after) == [2]
    after.close()
    former = Database(addresses[1])
    with pytest.raises(SQLAlchemyError, match="password authentication failed"):
        former.ping()
    former.close()


def test_two_who_grant_at_once_wait_for_each_other(served: Database, owned: Database) -> None:
    at_once(lambda _: roles.grant(owned.engine, "chassis_app"), 2, 4)
    assert publish(served) == [1]
