"""Restoring the databases of the production column, on servers named or on those of a folder."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from sqlalchemy import make_url

from contracts.topics import TOPICS, Service
from services.chassis import migrations
from services.chassis.database import Database
from services.chassis.event_log import LogUnavailableError
from services.chassis.kafka import settings as kafka_settings
from services.chassis.kafka.log import KafkaLog
from services.chassis.migrations import TURN
from services.chassis.postgres import show_every_agency, take_long_turn
from services.chassis.settings import KEY_STORE, STORES, SettingError, Settings
from services.cli import copied_files, copied_tables, local_home, manifest, migrate, restored_folder
from services.cli.backup import KEYS_IN, STORES_IN
from services.cli.home import HomeError
from services.cli.local_stores import with_store
from services.cli.manifest import Kind, Manifest
from services.cli.resending import resend
from services.cli.restored_folder import Parts
from services.cli.screen import meter, say
from services.local_servers.postgres import Postgres


def restore(found: Settings, parts: Parts, made: Manifest) -> None:
    """Restore to the servers that the settings name, else to a PostgreSQL of the folder's own.

    Raises HomeError where anything is in the way, SettingError where an address is missing.
    """
    if found.on_servers:
        _refuse_records(found)
        restored_folder.refuse_other_keys(found, parts)
        _fill(found, parts, made)
        restored_folder.key_files(found, parts)
        restored_folder.plain_files(found, parts)
        return
    servers = found.home / local_home.SERVERS
    letters = found.home / copied_files.MAIL
    restored_folder.refuse_anything([servers, found.data, found.keys, found.clock_file, letters])
    draft = restored_folder.draft_of(servers)
    with Postgres(draft / "postgres") as postgres:
        opened = replace(found, databases={}, migration_databases={})
        for store in STORES:
            opened = with_store(postgres, opened, store)
        _fill(opened, parts, made)
    restored_folder.key_files(found, parts)
    restored_folder.plain_files(found, parts)
    draft.rename(servers)


def _fill(settings: Settings, parts: Parts, made: Manifest) -> None:
    """Fill every database, bring all to this version's schema, and have sent again what is due."""
    for store in STORES:
        settings.database_url(store)  # one that is missing is named before anything is done
    owners = {store: Database(settings.migration_url(store), connections=1) for store in STORES}
    schemas = {**made.schemas, **manifest.read(parts.keys, Kind.KEYS).schemas}
    try:
        for owner in owners.values():
            with owner.engine.connect() as connection:
                copied_tables.refuse_tables(connection, str(make_url(owner.url).database))
        for store, owner in owners.items():
            part = parts.keys if store == KEY_STORE else parts.data
            _fill_one(owner, store, schemas[store], part / STORES_IN / store)
        for line in migrate.on_servers(settings, list(Service)):
            say(line)
        events = resend({service: owners[service] for service in Service})
    finally:
        for owner in owners.values():
            owner.close()
    keys = Database(settings.migration_url(KEY_STORE), connections=1)
    restored_folder.destroy_again(keys, parts.keys / KEYS_IN, parts.erased)
    say(f"{events} events are sent again when the relays run")


def _fill_one(owner: Database, store: str, schema: str, folder: Path) -> None:
    migrations.upgrade(owner, store, schema)
    with owner.engine.begin() as connection, meter(f"restore {store}") as shown:
        take_long_turn(connection, TURN)
        show_every_agency(connection)
        copied_tables.copy_in(connection, folder, shown)


def _refuse_records(found: Settings) -> None:
    """What Kafka still holds of after the backup would be taken for what is published next."""
    brokers = kafka_settings.of(found)
    if brokers is None:
        raise SettingError("HANDOFF_KAFKA_SERVERS is missing: it must look like host:9092")
    where = ", ".join(brokers.servers)
    with closing(KafkaLog(brokers)) as log:
        try:
            records = log.kept(sorted(TOPICS))
        except LogUnavailableError as error:
            said = f"{where}: {error}: start Kafka, and handoff topics apply"
            raise HomeError(said) from None
    if records:
        raise HomeError(
            f"Kafka at {where} holds {records} records: delete its topics; handoff topics apply"
        )
