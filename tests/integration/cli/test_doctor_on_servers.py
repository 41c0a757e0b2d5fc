"""`handoff doctor` on PostgreSQL and Kafka: what is wrong there is named, with its mending."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from contracts.topics import Service
from services.chassis.kafka import topics
from services.chassis.roles import Passwords, create_store
from services.chassis.settings import STORES
from services.cli import access, home, migrate, settings
from services.local_servers.kafka import Kafka
from services.local_servers.postgres import Postgres
from tests.integration.cli.conftest import Handoff

PASSWORDS = Passwords(app="app-secret", owner="owner-secret")
NOBODY = "127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Servers:
    """The addresses of databases that are ready to serve, as settings name them."""

    app: Mapping[str, str]
    owner: Mapping[str, str]
    superuser: str


@pytest.fixture(scope="module")
def servers(kafka: Kafka, postgres: Postgres) -> Servers:
    """Migrated databases and the topics of the contract."""
    app, owner = {}, {}
    for store in STORES:
        made = create_store(postgres.url(), f"doctor_{store}", PASSWORDS)
        app[store], owner[store] = made
    with pytest.MonkeyPatch.context() as patch:
        _set(patch, app)
        _set(patch, owner, "_MIGRATION")
        list(migrate.on_servers(settings.read(), list(Service)))
    topics.apply(access.brokers_of(kafka.servers, 1))
    return Servers(app, owner, postgres.url("doctor_matcher"))


@pytest.fixture
def handoff(
    servers: Servers, kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Handoff:
    """The command with the settings of a process on the servers."""
    _set(monkeypatch, servers.app)
    monkeypatch.setenv("HANDOFF_KAFKA_SERVERS", ",".join(kafka.servers))
    monkeypatch.setenv("HANDOFF_KAFKA_REPLICATION", "1")
    made = Handoff(tmp_path / "home")
    home.make_keys(settings.read(made.home))
    return made


def _set(patch: pytest.MonkeyPatch, urls: Mapping[str, str], kind: str = "") -> None:
    for store, url in urls.items():
        patch.setenv(f"HANDOFF_{store.upper()}{kind}_DATABASE", url)


def shown(result: Result) -> str:
    """What the table says, its lines joined."""
    return " ".join(result.stdout.replace("│", " ").split())


def test_servers_in_order_are_well_and_every_process_is_explained(handoff: Handoff) -> None:
    result = handoff("doctor")
    assert result.exit_code == 0, result.stdout
    said = shown(result)
    assert "WRONG" not in said
    for store in STORES:
        assert f"doctor_{store}_app serves, and owns nothing" in said
    assert "every topic is as in the contract" in said
    assert "differs from PostgreSQL's by 0.0 s" in said
    assert "handoff worker matcher --only relay" in said
    assert "app-secret" not in result.stdout


@dataclass(frozen=True, slots=True)
class Wrong:
    """A setting made wrong, the checks that tell of it, and words of the state and the mending."""

    checks: str
    setting: str
    value: str
    words: tuple[str, ...]


WRONG = {
    "a database that does not answer": Wrong(
        "database notifier",
        "HANDOFF_NOTIFIER_DATABASE",
        f"postgresql://role:app-secret@{NOBODY}/notifier",
        (f"{NOBODY}/notifier", "start PostgreSQL there, or correct HANDOFF_NOTIFIER_DATABASE"),
    ),
    "a wrong password": Wrong(
        "database matcher",
        "HANDOFF_MATCHER_DATABASE",
        "{strange}",
        ("password authentication failed",),
    ),
    "a database that was not migrated": Wrong(
        "database key_store",
        "HANDOFF_KEY_STORE_DATABASE",
        "{empty}",
        ("schema none, not key_store_", "handoff migrate"),
    ),
    "a superuser": Wrong(
        "role matcher",
        "HANDOFF_MATCHER_DATABASE",
        "{servers.superuser}",
        ("the role postgres is a superuser", "give the service a role of its own"),
    ),
    "the owner of the tables": Wrong(
        "role matcher",
        "HANDOFF_MATCHER_DATABASE",
        "{servers.owner[matcher]}",
        ("doctor_matcher_owner owns the table", "give the service a role of its own"),
    ),
    "Kafka that does not answer": Wrong(
        "kafka",
        "HANDOFF_KAFKA_SERVERS",
        NOBODY,
        (NOBODY, "start Kafka there, or correct HANDOFF_KAFKA_SERVERS"),
    ),
    "topics with too few copies": Wrong(
        "kafka",
        "HANDOFF_KAFKA_REPLICATION",
        "3",
        ("replication factor must be 3, found 1", "handoff topics apply"),
    ),
    "a provider that does not answer": Wrong(
        "identity provider",
        "HANDOFF_JWKS_URL",
        f"http://{NOBODY}/keys",
        ("no answer", "start it, or correct HANDOFF_JWKS_URL"),
    ),
}


@pytest.fixture(scope="module")
def empty(postgres: Postgres) -> str:
    """A database with roles and nothing in it."""
    return create_store(postgres.url(), "doctor_empty", PASSWORDS)[0]


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named_with_its_mending(
    handoff: Handoff, servers: Servers, empty: str, wrong: Wrong, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = servers.app["matcher"].replace("app-secret", "another-secret")
    value = wrong.value.format(servers=servers, strange=strange, empty=empty)
    monkeypatch.setenv(wrong.setting, value)
    result = handoff("doctor")
    assert result.exit_code == 1
    assert result.stderr.strip().endswith(f"wrong: {wrong.checks}"), result.stdout
    said = shown(result)
    assert [words for words in wrong.words if words not in said] == []
    assert "secret" not in result.output


def test_databases_without_kafka_are_no_supported_mix(
    handoff: Handoff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HANDOFF_KAFKA_SERVERS")
    monkeypatch.delenv("HANDOFF_KAFKA_REPLICATION")
    said = shown(handoff("doctor"))
    assert "HANDOFF_KAFKA_SERVERS is missing" in said


def test_a_key_that_is_open_to_others_is_named(handoff: Handoff) -> None:
    (handoff.home / "keys" / "master.json").chmod(0o644)
    assert "chmod 600" in shown(handoff("doctor"))
