"""Opening an office: a home folder, its databases, and the service wired on them."""

from dataclasses import dataclass
from pathlib import Path

from contracts.topics import Service
from services.chassis import keys, migrations
from services.chassis.clock import SettableClock
from services.chassis.database import Database
from services.chassis.keys import MasterKeys
from services.chassis.platform import Platform
from services.chassis.settings import KEY_STORE, Mode, Settings
from services.chassis.tokens import Tokens, create_key_file, read_keys
from services.referral_api import app, settings
from tests.integration.referral_api.office import ADMIN, START, Office
from tests.ports.postgres_copies import Store


@dataclass(frozen=True, slots=True)
class Stores:
    """Two migrated PostgreSQL databases: the service's, and the keys' that is apart."""

    referrals: Store
    keys: Store


def open_office(home: Path, stores: Stores | None = None) -> Office:
    """The service on a home folder that was furnished before, and on databases that were."""
    options = _options(home, stores)
    tokens = Tokens(read_keys(options.keys / "signing.json"), "handoff", "handoff")
    masters = MasterKeys.read(options.keys / "master.json")
    clock = SettableClock(options.clock_file)
    platform = Platform(settings=options, clock=clock, tokens=tokens, masters=masters)
    service = app.build(platform, settings.read())
    behind = Database(stores.referrals.owner) if stores else service.database
    office = Office(service, clock, tokens, home, behind, platform.key_store())
    office.start_from_what_was_heard()
    return office


def furnish_folder(home: Path) -> None:
    """Make a home folder: keys and a clock."""
    options = _options(home)
    options.data.mkdir(parents=True)
    MasterKeys.create_file(options.keys / "master.json", "master-1")
    create_key_file(options.keys / "signing.json", "signing-1")
    SettableClock(options.clock_file).set(START)


def migrate_files(home: Path) -> None:
    """Make the SQLite files of a home folder."""
    options = _options(home)
    empty, store = (
        Database(url) for url in (options.database_url(Service.REFERRAL_API), options.key_store_url)
    )
    migrations.upgrade(empty, Service.REFERRAL_API)
    keys.metadata.create_all(store.engine)
    for database in (empty, store):
        database.close()


def furnish(home: Path, stores: Stores | None = None) -> None:
    """Tell the service of two units and three programs."""
    office = open_office(home, stores)
    for unit, training in (("central", False), ("academy", True)):
        body = {"name": unit.title(), "training": training}
        office.ok(ADMIN, "PUT", f"/v1/units/{unit}", body)
    for program in ("near-beds", "far-beds"):
        office.publish_program(program)
    office.publish_program("school-beds", training=True)
    office.close()


def _options(home: Path, stores: Stores | None = None) -> Settings:
    databases: dict[str, str] = {}
    if stores is not None:
        databases = {Service.REFERRAL_API: stores.referrals.app, KEY_STORE: stores.keys.app}
    return Settings(
        home=home,
        keys=home / "keys",
        mode=Mode.DEMO,
        settable_clock=True,
        log_level="info",
        host="127.0.0.1",
        port=0,
        threads=16,
        issuer="handoff",
        audience="handoff",
        databases=databases,
    )
