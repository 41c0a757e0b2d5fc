"""Migrations on PostgreSQL: by the owner, one at a time, and readable by the role that serves."""

from collections.abc import Iterator
from threading import Event
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from click.testing import CliRunner, Result
from sqlalchemy import text

from contracts.topics import Service
from services.chassis import keys, migrations, roles
from services.chassis.database import Database
from services.chassis.migrations import SchemaError
from services.chassis.postgres import lasting_engine, take_long_turn
from services.chassis.roles import Passwords
from services.chassis.settings import KEY_STORE, STORES
from services.cli.main import main
from services.local_servers.postgres import Postgres
from tests.ports.at_once import at_once, in_thread


@pytest.fixture
def owner(addresses: tuple[str, str]) -> Iterator[Database]:
    """An empty database, open for its owner."""
    made = Database(addresses[1])
    yield made
    made.close()


@pytest.fixture
def stores(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """An empty database for each store, named in the environment; the addresses to serve with."""
    found, mark = {}, uuid4().hex[:8]
    for store in STORES:
        passwords = Passwords(app="app", owner="owner")
        app, owner = roles.create_store(
            postgres.url(), f"cli_{store}", passwords, f"{store}_{mark}"
        )
        monkeypatch.setenv(f"HANDOFF_{store.upper()}_DATABASE", app)
        monkeypatch.setenv(f"HANDOFF_{store.upper()}_MIGRATION_DATABASE", owner)
        found[store] = app
    yield found
    with lasting_engine(postgres.url()).connect() as connection:
        for store in STORES:
            connection.execute(text(f"DROP DATABASE {store}_{mark} WITH (FORCE)"))


def migrate(*args: str) -> Result:
    """The command."""
    return CliRunner().invoke(main, ["migrate", *args], prog_name="handoff")


def test_two_migrations_at_once_wait_for_each_other(owner: Database) -> None:
    at_once(lambda _: migrations.upgrade(owner, Service.MATCHER), 1, 4)
    migrations.check(owner, Service.MATCHER)


def test_a_migration_waits_for_as_long_as_another_takes(owner: Database) -> None:
    begun = Event()

    def upgrade() -> None:
        begun.set()
        migrations.upgrade(owner, Service.MATCHER)

    with owner.engine.begin() as connection:
        take_long_turn(connection, migrations.TURN)
        done = in_thread(upgrade)
        assert begun.wait(10.0)
        with pytest.raises(TimeoutError):
            done.result(0.5)
    done.result(30.0)
    migrations.check(owner, Service.MATCHER)


def test_the_role_that_serves_sees_the_schema_but_cannot_migrate(
    owner: Database, addresses: tuple[str, str]
) -> None:
    migrations.upgrade(owner, Service.NOTIFIER)
    roles.grant(owner.engine, "chassis_app")
    app = Database(addresses[0])
    assert migrations.current(app) == migrations.head(Service.NOTIFIER)
    migrations.check(app, Service.NOTIFIER)
    migrations.check_known(app, Service.NOTIFIER)
    with owner.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'notifier_0000'"))
    with pytest.raises(SchemaError, match="handoff migrate"):
        migrations.check(app, Service.NOTIFIER)
    app.close()


def test_the_migrated_key_store_is_the_declared_one(owner: Database) -> None:
    migrations.upgrade(owner, KEY_STORE)
    with owner.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, keys.metadata) == []


def test_the_command_migrates_every_store_and_grants_what_is_needed(
    stores: dict[str, str],
) -> None:
    first, again = migrate(), migrate()
    assert first.exit_code == 0, first.output
    assert [line.split(":")[0] for line in first.output.splitlines()] == [KEY_STORE, *Service]
    assert "matcher: from empty to matcher_" in first.output
    assert again.output.count("already at") == len(stores)
    for store, url in stores.items():
        app = Database(url)
        migrations.check(app, store)
        roles.check(app)
        app.close()


@pytest.mark.usefixtures("stores")
def test_the_key_store_goes_with_the_service_that_uses_it() -> None:
    assert migrate("--service", "matcher").output.startswith("matcher: from empty")
    output = migrate("--service", "referral_api").output
    assert [line.split(":")[0] for line in output.splitlines()] == [KEY_STORE, "referral_api"]


@pytest.mark.usefixtures("stores")
def test_a_missing_address_of_the_owner_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HANDOFF_MATCHER_MIGRATION_DATABASE")
    result = migrate("--service", "matcher")
    assert result.exit_code == 1
    assert "HANDOFF_MATCHER_MIGRATION_DATABASE is missing" in result.stderr


def test_an_address_that_lets_nobody_in_is_said_in_one_line_without_the_password(
    stores: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = stores["matcher"].replace(":app@", ":canary@")
    monkeypatch.setenv("HANDOFF_MATCHER_MIGRATION_DATABASE", wrong)
    result = migrate("--service", "matcher")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("handoff: matcher: ")
    assert "password authentication failed" in line
    assert "canary" not in line


def test_the_role_that_serves_is_refused_as_the_one_that_migrates(
    stores: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_MATCHER_MIGRATION_DATABASE", stores["matcher"])
    result = migrate("--service", "matcher")
    assert result.exit_code == 1
    assert "handoff: matcher: permission denied for schema public" in result.stderr
