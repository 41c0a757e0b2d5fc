"""Opening an office: a home folder, its databases, and the service wired on them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from contracts.topics import Service
from services.chassis import keys, migrations
from services.chassis.clock import SettableClock
from services.chassis.database import Database
from services.chassis.jobs import Job
from services.chassis.keys import MasterKeys, PersonKeys
from services.chassis.platform import Platform
from services.chassis.settings import KEY_STORE, Mode, Settings
from services.chassis.tokens import Tokens, create_key_file, read_keys
from services.referral_api import app, jobs, settings
from services.referral_api.routes.desk import desk
from tests.integration.referral_api.office import ADMIN, START, Office
from tests.ports.postgres_copies import Cluster, Store


@dataclass(frozen=True, slots=True)
class Stores:
    """Two migrated PostgreSQL databases: the service's, and the keys' that is apart."""

    referrals: Store
    keys: Store


@dataclass(slots=True)
class Offices:
    """Offices on copies of one: wired once, and lent to one test after another.

    Wiring costs more than most tests. What an office knows stands in its folder and its databases,
    and these are put back; its jobs, which know when they last looked, are made anew.
    """

    original: Path
    root: Path
    cluster: Cluster | None = None
    stores: Stores | None = None
    _idle: list[tuple[Office, Stores | None]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def lend(self) -> Iterator[Office]:
        """An office as it was furnished."""
        office, stores = self._idle.pop() if self._idle else self._wire()
        try:
            yield office.anew(_jobs(office))
        finally:
            self._put_back(office, stores)
            self._idle.append((office, stores))

    def close(self) -> None:
        """Close every office."""
        for office, _ in self._idle:
            office.close()

    def _wire(self) -> tuple[Office, Stores | None]:
        home = self.root / f"home-{next(self._numbers)}"
        shutil.copytree(self.original, home)
        stores = None
        if self.cluster and self.stores:
            made = map(self.cluster.make, (self.stores.referrals, self.stores.keys))
            stores = Stores(*made)
        return open_office(home, stores), stores

    def _put_back(self, office: Office, stores: Stores | None) -> None:
        if self.cluster and stores:
            for store in (stores.referrals, stores.keys):
                self.cluster.put_back(store)
        else:
            office.close()
        shutil.rmtree(office.home)
        shutil.copytree(self.original, office.home)


def _jobs(office: Office) -> list[Job]:
    """The service's jobs, as a process has them that starts."""
    service, (key_store,) = office.service, office.service.stores
    with service.app.app_context():
        timers = jobs.Timers(service.database, service.clock, desk())
    return jobs.jobs(timers, PersonKeys(key_store, office.masters), key_store)


def open_office(home: Path, stores: Stores | None = None) -> Office:
    """The service on a home folder that was furnished before, and on databases that were."""
    options = _options(home, stores)
    tokens = Tokens(read_keys(options.keys / "signing.json"), "handoff", "handoff")
    masters = MasterKeys.read(options.keys / "master.json")
    clock = SettableClock(options.clock_file)
    platform = Platform(settings=options, clock=clock, tokens=tokens, masters=masters)
    service = app.build(platform, settings.read())
    behind = Database(stores.referrals.owner) if stores else service.database
    office = Office(service, clock, tokens, masters, home, behind, platform.key_store())
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
