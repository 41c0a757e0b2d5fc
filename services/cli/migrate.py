"""`handoff migrate`: brings the databases of a stopped suite to the schema of this version."""

from pathlib import Path

import click

from contracts.topics import Service
from services.chassis import migrations
from services.chassis.database import Database
from services.cli import home as homes
from services.cli import settings
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
    """Upgrade the databases in place. The suite must be stopped; `handoff up` does it by itself."""
    found = settings.read(home)
    held = homes.lock(found)
    try:
        homes.prepare(found)
        for name in [Service(service)] if service else list(Service):
            with homes.told(homes.service_file(found, name)):
                say(_upgrade(Database(found.database_url(name)), name))
    finally:
        held.release()


def _upgrade(database: Database, name: Service) -> str:
    """Upgrade one database; returns what was done, in words."""
    try:
        before = migrations.current(database)
        migrations.upgrade(database, name)
        after = migrations.current(database)
    finally:
        database.close()
    if before == after:
        return f"{name}: already at {after}"
    return f"{name}: from {before or 'empty'} to {after}"
