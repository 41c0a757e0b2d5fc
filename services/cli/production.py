"""The checks of `handoff doctor` on servers: databases and their roles, clock, Kafka, keys."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from contracts.topics import Service
from services.chassis import jwks, migrations, roles
from services.chassis.database import Database
from services.chassis.event_log import LogRefusedError, LogUnavailableError
from services.chassis.jwks import UnfitKeysError
from services.chassis.kafka import settings as kafka_settings
from services.chassis.kafka import topics
from services.chassis.kafka.settings import KafkaSettings
from services.chassis.migrations import SchemaError
from services.chassis.platform import MASTER, SIGNING
from services.chassis.roles import RoleError
from services.chassis.settings import PREFIX, STORES, SettingError, Settings
from services.cli import access, checkup
from services.cli.access import Opened
from services.cli.checkup import SKEW, Finding
from services.cli.duties import FRONT, KAFKA, POSTGRES, PURPOSES, Duty

_NOW: Final = text("SELECT clock_timestamp()")
_MIGRATE: Final = "handoff migrate, with the addresses of the roles that own the tables"
_WEB: Final = "gunicorn -c python:services.chassis.gunicorn services.{service}.wsgi:app"
_WORKER: Final = "handoff worker {service} --only consumers --only jobs"
_RELAY: Final = "handoff worker {service} --only relay"
_COMMANDS: Final = {Duty.WEB: _WEB, Duty.RELAY: _RELAY, Duty.WORKER: _WORKER}


def servers_of(found: Settings) -> Opened | Finding | None:
    """The servers that the settings name, or else those of the folder's suite; None for neither."""
    try:
        brokers = kafka_settings.of(found)
        return access.read(found) if brokers is None else Opened(settings=found, kafka=brokers)
    except SettingError as error:
        return Finding("settings", right=False, state=str(error), mend="correct this setting")
    except (OSError, ValueError) as error:
        mend = "handoff up --local-servers writes it anew"
        return Finding("servers", right=False, state=str(error), mend=mend)


def findings(servers: Opened) -> Iterator[Finding]:
    """Every check of the production column."""
    found = servers.settings
    yield from _keys(found)
    for store in STORES:
        yield from _store(found, store)
    yield _event_log(servers.kafka)


def processes() -> Iterator[tuple[str, str, str]]:
    """Every kind of process: its name, what it is for, and the command that starts one."""
    for (service, duty), purpose in PURPOSES.items():
        yield f"{service}.{duty}", purpose, _COMMANDS[duty].format(service=service)
    yield "kafka", KAFKA, "handoff topics apply makes its topics"
    yield "postgres", POSTGRES, "handoff migrate makes its tables"
    yield "front door", FRONT, "handoff up --local-servers; elsewhere your own load balancer"


def _keys(found: Settings) -> Iterator[Finding]:
    yield checkup.key_file(found, MASTER)
    yield from checkup.second_copy(found)
    if found.jwks_url is None:
        yield checkup.key_file(found, SIGNING)
    else:
        yield _published(found.jwks_url)


def _published(url: str) -> Finding:
    """The identity provider's keys: to be had, and fit to verify with."""
    name, check = f"{PREFIX}JWKS_URL", "identity provider"
    try:
        keys = jwks.fetch(url)
    except httpx.HTTPError as error:
        state = f"{url}: no answer ({type(error).__name__})"
        return Finding(check, right=False, state=state, mend=f"start it, or correct {name}")
    except UnfitKeysError as error:
        mend = f"correct {name}: it must name the provider's JWKS address"
        return Finding(check, right=False, state=f"{url}: {error}", mend=mend)
    return Finding(check, right=True, state=f"{len(keys)} keys, {', '.join(sorted(keys))}")


def _store(found: Settings, store: str) -> Iterator[Finding]:
    """One database: it answers, its schema is ours, its role may no more than it should."""
    check = f"database {store}"
    try:
        url = found.database_url(store)
    except SettingError as error:
        yield Finding(check, right=False, state=str(error), mend="set it")
        return
    database = Database(url, connections=1)
    try:
        yield _answering(database, check)
        yield _role(database, f"role {store}")
        if store == Service.REFERRAL_API:
            yield _clock(database)
    except SQLAlchemyError as error:
        state = f"{_where(url)}: {_reason(error)}"
        mend = f"start PostgreSQL there, or correct {PREFIX}{store.upper()}_DATABASE"
        yield Finding(check, right=False, state=state, mend=mend)
    finally:
        database.close()


def _answering(database: Database, check: str) -> Finding:
    store = check.removeprefix("database ")
    try:
        have, want = migrations.current(database), migrations.head(store)
    except SchemaError as error:
        return Finding(check, right=False, state=str(error), mend="restore it from its backup")
    where = _where(database.url)
    if have == want:
        return Finding(check, right=True, state=f"schema {have}, on {where}")
    if have is not None and have not in migrations.known(store):
        state = f"schema {have}, written by another version of Handoff, on {where}"
        return Finding(check, right=False, state=state, mend="install that version")
    state = f"schema {have or 'none'}, not {want}, on {where}"
    return Finding(check, right=False, state=state, mend=_MIGRATE)


def _role(database: Database, check: str) -> Finding:
    role = make_url(database.url).username
    try:
        roles.check(database)
    except RoleError as error:
        state, _, mend = str(error).partition(": ")
        return Finding(check, right=False, state=state, mend=mend)
    return Finding(check, right=True, state=f"{role} serves, and owns nothing")


def _clock(database: Database) -> Finding:
    """The clock of this machine against the database server's, which the services follow."""
    with database.engine.connect() as connection:
        before = datetime.now(UTC)
        there: datetime = connection.execute(_NOW).scalar_one()
        after = datetime.now(UTC)
    skew = there - (before + (after - before) / 2)
    state = f"this machine's differs from PostgreSQL's by {abs(skew) / timedelta(seconds=1):.1f} s"
    right = abs(skew) <= SKEW
    mend = "" if right else "set both machines' clocks (chrony, ntp)"
    return Finding("clock", right=right, state=state, mend=mend)


def _event_log(brokers: KafkaSettings) -> Finding:
    check, servers = "kafka", ",".join(brokers.servers)
    try:
        differences = topics.check(brokers)
    except LogRefusedError as error:
        mend = f"correct {PREFIX}KAFKA_USER and the like, or its rights (handoff topics apply)"
        return Finding(check, right=False, state=f"{servers} refuses us: {error}", mend=mend)
    except LogUnavailableError as error:
        mend = f"start Kafka there, or correct {PREFIX}KAFKA_SERVERS"
        return Finding(check, right=False, state=f"{servers}: {error}", mend=mend)
    if differences:
        state = "; ".join(map(str, differences))
        return Finding(check, right=False, state=state, mend="handoff topics apply")
    return Finding(check, right=True, state=f"every topic is as in the contract, on {servers}")


def _where(url: str) -> str:
    """Server and database of an address, without role and password."""
    parts = make_url(url)
    return f"{parts.host}:{parts.port or 5432}/{parts.database}"


def _reason(error: SQLAlchemyError) -> str:
    """The first line of what the driver says."""
    said = str(getattr(error, "orig", None) or type(error).__name__)
    return said.strip().splitlines()[0] if said.strip() else type(error).__name__
