"""`handoff migrate`: brings the databases of a stopped suite to the schema of this version."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from contracts.topics import Service
from services.chassis import migrations, roles
from services.chassis.database import Database
from services.chassis.settings import KEY_STORE, Settings
from services.cli import home as homes
from services.cli import settings
from services.cli.home import HomeError
from services.cli.options import examples, home_option
from services.cli.screen import say


@click.command(epilog=examples("handoff migrate", "handoff migrate --service matcher"))
@click.option(
    "--service",
    type=click.Choice([each.value for each in Service]),
    help="Only this one (default: all).",
)
@home_option
def migrate(service: str | None, home: Path | None) -> None:
    """Upgrade the databases in place.

    In a folder the suite must be stopped; `handoff up` does it by itself there. On PostgreSQL the
    roles that serve get their rights too; HANDOFF_..._MIGRATION_DATABASE names the roles that own
    the tables.
    """
    found = settings.read(home)
    chosen = [Service(service)] if service else list(Service)
    if found.on_servers:
        for line in on_servers(found, chosen):
            say(line)
    else:
        _in_folder(found, chosen)


def on_servers(found: Settings, chosen: list[Service]) -> Iterator[str]:
    """Upgrade the stores of these services on PostgreSQL, and grant; yields what was done.

    Raises HomeError where one cannot be upgraded, SettingError where an address is missing.
    """
    keys = [KEY_STORE] if Service.REFERRAL_API in chosen else []
    for store in [*keys, *chosen]:
        owner = Database(found.migration_url(store), connections=1)
        with _told(store):
            yield _upgrade(owner, store, found.database_url(store))


def _in_folder(found: Settings, chosen: list[Service]) -> None:
    held = homes.lock(found)
    try:
        homes.prepare(found)
        for name in chosen:
            with homes.told(homes.service_file(found, name)):
                say(_upgrade(Database(found.database_url(name)), name))
    finally:
        held.release()


def _upgrade(database: Database, store: str, app_url: str | None = None) -> str:
    """Upgrade one database, and grant the app's role its rights; returns what was done."""
    try:
        before = migrations.current(database)
        migrations.upgrade(database, store)
        after = migrations.current(database)
        if app_url is not None:
            roles.grant(database.engine, make_url(app_url).username or "")
    finally:
        database.close()
    if before == after:
        return f"{store}: already at {after}"
    return f"{store}: from {before or 'empty'} to {after}"


@contextmanager
def _told(store: str) -> Iterator[None]:
    """Say in one line, without a password, why a database cannot be upgraded."""
    try:
        yield
    except DBAPIError as error:
        raise HomeError(f"{store}: {_in_words(error)}") from None
    except (migrations.SchemaError, roles.RoleError) as error:
        raise HomeError(f"{store}: {error}") from None


def _in_words(error: DBAPIError) -> str:
    """The server's first line, which holds no value of a row; its details may."""
    diagnosis = getattr(error.orig, "diag", None)
    return getattr(diagnosis, "message_primary", None) or str(error.orig)
