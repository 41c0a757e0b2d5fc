"""Backup and restore of databases that the settings name, each step as an operator takes it."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from contracts.topics import Service
from services.chassis import audit, outbox, roles
from services.chassis.database import Database
from services.chassis.kafka import topics
from services.chassis.kafka.log import KafkaLog
from services.chassis.keys import KeyDestroyedError, MasterKeys, PersonKeys
from services.chassis.platform import MASTER
from services.chassis.roles import Passwords, create_store
from services.chassis.settings import KEY_STORE, STORES
from services.chassis.tables import history
from services.cli import access, home, migrate, settings
from services.local_servers.kafka import Kafka
from services.local_servers.postgres import Postgres
from tests.integration.cli.conftest import Handoff, line_of
from tests.ports.samples import NOON, TALLIES, message, tally
from tests.ports.store_suite import PARTNER

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

PASSWORDS = Passwords(app="app-secret", owner="owner-secret")
UNIT = "unit-a"
PERSON, ERASED = str(uuid4()), str(uuid4())
FORCED = text("SELECT count(*) FROM pg_class WHERE relforcerowsecurity")


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[Kafka]:
    """A Kafka with the topics of the contract, and no record."""
    with Kafka(tmp_path / "kafka") as running:
        topics.apply(access.brokers_of(running.servers, 1))
        yield running


def on(store: str) -> Database:
    """A store as the role that serves sees it, where the settings are now."""
    return Database(settings.read().database_url(store), connections=2)


def live(keys: Path) -> tuple[bytes, bytes]:
    """Two persons, three events, an audit; the keys of the persons."""
    with closing(on(Service.REFERRAL_API)) as database, database.transaction() as session:
        outbox.publish(session, TALLIES, UNIT, [tally(UNIT)] * 3, NOON)
        audit.record(session, "referral-1", NOON, PARTNER, "person_read")
    with closing(on(KEY_STORE)) as store:
        persons = PersonKeys(store, MasterKeys.read(keys / MASTER))
        return persons.create(PERSON, NOON), persons.create(ERASED, NOON)


def rows(store: str = Service.REFERRAL_API) -> Mapping[int, str]:
    """The history of a service: place and hash."""
    query = select(history.c.position, history.c.hash)
    with closing(on(store)) as database, database.transaction() as session:
        return {row.position: row.hash for row in session.execute(query)}


def check_restored(handoff: Handoff, kept: bytes) -> None:
    """The rights are right, the chains go on, who was erased is gone, and who was not is there."""
    for store in STORES:
        with closing(on(store)) as database:
            roles.check(database)
    with closing(on(Service.REFERRAL_API)) as database, database.transaction() as session:
        assert (session.scalar(FORCED) or 0) > 0
        assert outbox.publish(session, TALLIES, UNIT, [tally(UNIT)], NOON) == [4]
        assert outbox.verify(session, TALLIES, UNIT) == []
        assert audit.verify_subject(session, "referral-1") == []
        assert outbox.unpublished(session) == 4
    with closing(on(KEY_STORE)) as key_store:
        persons = PersonKeys(key_store, MasterKeys.read(handoff.home / "keys" / MASTER))
        assert persons.read(PERSON) == kept
        with pytest.raises(KeyDestroyedError):
            persons.read(ERASED)


@dataclass(frozen=True, slots=True)
class Servers:
    """A server for databases, and brokers; the settings name what is in use."""

    postgres: Postgres
    brokers: Kafka
    patch: pytest.MonkeyPatch

    def use_empty_databases(self) -> None:
        """Make databases that hold nothing, with the roles of every time, and name them."""
        prefix = f"backup_{uuid4().hex[:8]}"
        for store in STORES:
            roles_of = f"backup_{store}"
            made = create_store(self.postgres.url(), roles_of, PASSWORDS, f"{prefix}_{store}")
            for kind, url in zip(("", "_MIGRATION"), made, strict=True):
                self.patch.setenv(f"HANDOFF_{store.upper()}{kind}_DATABASE", url)

    def publish(self) -> None:
        """Leave a record in Kafka."""
        with closing(KafkaLog(access.brokers_of(self.brokers.servers, 1))) as log:
            log.publish([message(1, UNIT)])


@pytest.fixture
def servers(postgres: Postgres, brokers: Kafka, monkeypatch: pytest.MonkeyPatch) -> Servers:
    """Migrated databases that hold nothing, named by the settings."""
    monkeypatch.setenv("HANDOFF_KAFKA_SERVERS", ",".join(brokers.servers))
    monkeypatch.setenv("HANDOFF_KAFKA_REPLICATION", "1")
    made = Servers(postgres, brokers, monkeypatch)
    made.use_empty_databases()
    list(migrate.on_servers(settings.read(), list(Service)))
    return made


def test_databases_are_copied_and_restored_to_empty_ones(servers: Servers, tmp_path: Path) -> None:
    here, there = Handoff(tmp_path / "here"), Handoff(tmp_path / "there")
    home.make_keys(settings.read(here.home))
    kept, _ = live(here.home / "keys")
    data, keys, erased = tmp_path / "d" / "1", tmp_path / "v" / "keys", tmp_path / "erased.txt"
    assert here("backup", data, "--keys", keys).exit_code == 0
    before = rows()
    erased.write_text(f"{ERASED}\n")

    servers.use_empty_databases()
    again = ("restore", data, "--keys", keys, "--erased", erased)
    result = there(*again)
    assert result.exit_code == 0, result.output
    assert "3 events are sent again when the relays run" in result.stdout
    assert rows() == before
    check_restored(there, kept)

    assert "holds tables: name an empty database" in line_of(there(*again))
    servers.publish()
    refused = line_of(there(*again))
    assert "holds 1 records: delete its topics" in refused
    assert "secret" not in refused


def test_other_keys_than_those_of_the_backup_are_never_overwritten(
    servers: Servers, tmp_path: Path
) -> None:
    here, there = Handoff(tmp_path / "here"), Handoff(tmp_path / "there")
    for each in (here, there):
        home.make_keys(settings.read(each.home))
    data, keys = tmp_path / "d" / "1", tmp_path / "v" / "keys"
    assert here("backup", data, "--keys", keys).exit_code == 0
    servers.use_empty_databases()
    line = line_of(there("restore", data, "--keys", keys))
    assert "master.json is not the one of the backup" in line
