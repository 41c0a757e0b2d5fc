"""The notifier, wired on a folder of the test's own, with a clock that the test sets."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select

from contracts.topics import Consumer, Service
from contracts.vocabulary import Role
from services.chassis import migrations
from services.chassis.actor import Actor
from services.chassis.clock import SettableClock
from services.chassis.event_log import Record
from services.chassis.keys import MasterKeys
from services.chassis.platform import Platform
from services.chassis.service import WiredService
from services.chassis.settings import Mode, Settings
from services.chassis.tokens import Tokens, create_key_file, read_keys
from services.local_servers.postgres import Postgres
from services.notifier import app
from services.notifier.settings import NotifierSettings
from services.notifier.store.staff import Safe
from services.notifier.tables import Model
from tests.integration.notifier.story import START
from tests.ports.postgres_copies import BOTH, Cluster, Store

ADMIN: Final = Actor(subject="ada", role=Role.ADMIN)
COORDINATOR: Final = Actor(subject="cora", role=Role.COORDINATOR)
MANAGER: Final = Actor(subject="mona", role=Role.MANAGER)
HARBOUR: Final = Actor(subject="harry", role=Role.PARTNER, agency_id="harbour")
ELSEWHERE: Final = Actor(subject="elsa", role=Role.PARTNER, agency_id="elsewhere")
# Opens the details of no staff: for tests that have none.
SAFE: Final = Safe(b"s" * 32)
OWN: Final = NotifierSettings(
    public_url="https://handoff.example.org", smtp=None, mail_from="Handoff <post@example.org>"
)


@dataclass(frozen=True, slots=True)
class Desk:
    """The notifier as a test meets it."""

    service: WiredService
    platform: Platform
    clock: SettableClock

    @property
    def mail(self) -> list[EmailMessage]:
        """The letters in the mail folder, by name."""
        files = sorted((self.platform.settings.home / "mail").glob("*.eml"))
        return [read_mail(path.read_bytes()) for path in files]

    def read(self, consumer: Consumer, records: list[Record]) -> int:
        """Let an inbox take records in one transaction; returns how many it handled."""
        (box,) = (b for b in self.service.inboxes if b.consumer == consumer)
        with self.service.database.transaction() as session:
            return box.take(session, records, self.clock.now())

    def notices(self, records: list[Record]) -> int:
        """Let the inbox of notices take records."""
        return self.read(Consumer.NOTICES, records)

    def outcomes(self, records: list[Record]) -> int:
        """Let the inbox of outcomes take records."""
        return self.read(Consumer.OUTCOMES, records)

    def work(self) -> int:
        """Run every job until none finds anything; returns how much was done."""
        done = 0
        while found := sum(job.tick() for job in self.service.jobs):
            done += found
        return done

    def call(self, who: Actor, method: str, path: str, body: object = None, **headers: str) -> Any:
        """One request; the answer with its status and JSON."""
        token = self.platform.tokens.issue(who, self.clock.now())
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.service.app.test_client().open(
            path,
            method=method,
            json=body,
            headers={"Authorization": f"Bearer {token}"} | named,
        )

    def get(self, who: Actor, path: str) -> Any:
        """The body of a GET that must succeed."""
        answer = self.call(who, "GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json

    def contacts(self, agency: str = "harbour", *emails: str) -> None:
        """Name contacts of an agency, or of the ``coordinator``."""
        given = [{"email": email} for email in emails or (f"desk@{agency}.example.org",)]
        path = "/v1/contacts/" if agency == "coordinator" else "/v1/agencies/"
        path = f"{path}{agency}" if agency == "coordinator" else f"{path}{agency}/contacts"
        assert self.call(ADMIN, "PUT", path, {"contacts": given}).status_code == 200

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """Everything in one of the notifier's tables, sorted."""
        with self.service.database.transaction() as session:
            found = session.execute(select(Model.metadata.tables[table]))
            return sorted((tuple(row) for row in found), key=repr)


def read_mail(raw: bytes) -> EmailMessage:
    """A letter as a mail program reads it."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def open_desk(home: Path, settings: NotifierSettings = OWN, database: str | None = None) -> Desk:
    """A notifier on an empty folder, or again on one that was used; or on a migrated database."""
    desk = _wired(home, settings, database)
    if database is None:
        migrations.upgrade(desk.service.database, Service.NOTIFIER)
    return desk


def _wired(home: Path, settings: NotifierSettings, database: str | None) -> Desk:
    shared = Settings(
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
        databases={} if database is None else {Service.NOTIFIER: database},
    )
    shared.data.mkdir(parents=True, exist_ok=True)
    if not shared.keys.exists():
        MasterKeys.create_file(shared.keys / "master.json", "one")
        create_key_file(shared.keys / "signing.json", "one")
    clock = SettableClock(shared.clock_file)
    clock.set(max(START, clock.now()) if shared.clock_file.exists() else START)
    platform = Platform(
        settings=shared,
        clock=clock,
        tokens=Tokens(read_keys(shared.keys / "signing.json"), "handoff", "handoff"),
        masters=MasterKeys.read(shared.keys / "master.json"),
    )
    return Desk(app.build(platform, settings), platform, clock)


class Desks:
    """Notifiers that serve one test after another: to wire one takes longer than most tests.

    A notifier knows what its database tells it, so one whose database, clock and mail folder were
    put back is as good as new.
    """

    def __init__(self, folder: Path) -> None:
        """Migrates a SQLite file, to copy."""
        self._folder = folder
        first = open_desk(folder / "migrated")
        first.service.close()
        self._migrated = first.platform.settings.data
        self._used: dict[str | None, Desk] = {}

    @contextmanager
    def desk(self, database: str | None) -> Iterator[Desk]:
        """A notifier that knows nothing: on a SQLite file, or a database as it was migrated."""
        if database not in self._used:
            self._used[database] = _wired(self._folder / str(len(self._used)), OWN, database)
        desk = self._used[database]
        settings = desk.platform.settings
        settings.clock_file.unlink()
        desk.clock.set(START)
        shutil.rmtree(settings.home / "mail", ignore_errors=True)
        if database is None:
            shutil.rmtree(settings.data)
            shutil.copytree(self._migrated, settings.data)
        yield desk
        desk.service.close()


@pytest.fixture(scope="session")
def cluster(postgres: Postgres) -> Iterator[Cluster]:
    """The databases of the PostgreSQL that all tests share."""
    made = Cluster(postgres)
    yield made
    made.close()


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> Store:
    """A migrated database of the notifier, to copy."""
    return cluster.template(lambda owner: migrations.upgrade(owner, Service.NOTIFIER))


@pytest.fixture
def store(cluster: Cluster, template: Store) -> Iterator[Store]:
    """A PostgreSQL database of the test's own."""
    with cluster.copy(template) as copied:
        yield copied


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> str | None:
    """Where the notifier keeps its rows: None is a SQLite file in its folder."""
    return request.getfixturevalue("store").app if request.param == "postgres" else None


@pytest.fixture(scope="session")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Desks:
    """The desks that all tests share, one after another."""
    return Desks(tmp_path_factory.mktemp("desks"))


@pytest.fixture
def desk(database: str | None, desks: Desks) -> Iterator[Desk]:
    """A notifier that knows nothing."""
    with desks.desk(database) as opened:
        yield opened


@pytest.fixture
def new_desk(database: str | None, tmp_path: Path) -> Iterator[Desk]:
    """A notifier that no test has used before and none will."""
    opened = open_desk(tmp_path / "home", database=database)
    yield opened
    opened.service.close()
