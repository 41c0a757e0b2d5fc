"""What every process of a service must find in its database before it is ready."""

from collections.abc import Callable

from services.chassis import migrations, roles
from services.chassis.database import Database
from services.chassis.keyring import Keyring
from services.chassis.settings import KEY_STORE

Checks = dict[str, Callable[[], str | None]]


def checks_of(database: Database, store: str) -> Checks:
    """The checks by name; each raises, with a text that says what to do."""
    checks: Checks = {
        "database": database.ping,
        "schema": lambda: migrations.check(database, store),
    }
    if database.on_postgres:
        checks["role"] = lambda: roles.check(database)
    return checks


def key_store_checks(database: Database, keyring: Keyring) -> Checks:
    """The same for the store of persons' keys; as a file it has no schema version.

    Every master key that wraps a person's key must be at hand.
    """
    stores = checks_of(database, KEY_STORE) if database.on_postgres else {"ping": database.ping}
    named = {f"key_store_{name}": check for name, check in stores.items()}
    return {**named, "master_keys": keyring.fault}
