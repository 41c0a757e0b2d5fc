"""What the processes of a local suite are told: each the passwords that it needs, and no other."""

from dataclasses import replace
from pathlib import Path

import pytest

from contracts.topics import Service
from services.chassis.names import KNOWN, read_settings
from services.chassis.settings import PREFIX, STORES, Settings
from services.cli import access
from services.cli.access import Opened, brokers_of
from services.cli.duties import Duty
from services.cli.posts import Post, shared_environment

KAFKA = brokers_of(("127.0.0.1:9",), 1)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Those of a suite with a database for each store."""
    for name in (*KNOWN, "TEST_WITHOUT"):
        monkeypatch.delenv(PREFIX + name, raising=False)
    monkeypatch.setenv("HANDOFF_HOME", str(tmp_path))
    addresses = {store: f"postgresql://{store}:app@127.0.0.1/{store}" for store in STORES}
    owners = {store: f"postgresql://{store}:owner@127.0.0.1/{store}" for store in STORES}
    return replace(read_settings(), databases=addresses, migration_databases=owners)


@pytest.mark.parametrize("duty", list(Duty))
def test_each_process_is_told_of_its_own_databases_alone(settings: Settings, duty: Duty) -> None:
    shared = shared_environment(settings, KAFKA)
    told = {service: Post(service, duty, 8000).environment(shared) for service in Service}
    databases = {s: {name for name in told[s] if name.endswith("_DATABASE")} for s in Service}
    assert databases == {
        Service.REFERRAL_API: {"HANDOFF_REFERRAL_API_DATABASE", "HANDOFF_KEY_STORE_DATABASE"},
        Service.MATCHER: {"HANDOFF_MATCHER_DATABASE"},
        Service.NOTIFIER: {"HANDOFF_NOTIFIER_DATABASE"},
    }
    for environment in told.values():
        assert environment["HANDOFF_PORT"] == "8000"
        assert environment["HANDOFF_KAFKA_SERVERS"] == "127.0.0.1:9"
        assert environment["HANDOFF_TRUSTED_PROXIES"] == "127.0.0.1"
        assert environment["HANDOFF_REQUESTS_A_MINUTE"] == "1200"


def test_the_file_for_other_commands_holds_no_password_of_an_owner(settings: Settings) -> None:
    settings.keys.mkdir()
    access.write(Opened(settings=settings, kafka=KAFKA))
    assert ":owner@" not in (settings.keys / access.FILE).read_text()
    found = access.read(settings)
    assert found is not None
    assert found.settings.databases == settings.databases
