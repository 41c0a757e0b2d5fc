"""The settings of the Kafka client, read from the environment."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.chassis import settings as shared
from services.chassis.kafka import settings
from services.chassis.kafka.settings import KafkaSecurity, KafkaSettings
from services.chassis.settings import SettingError
from services.cli import settings as command
from services.local_servers.certificates import new_authority

Environment = dict[str, str]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*settings.NAMES, *shared.NAMES):
        monkeypatch.delenv(f"HANDOFF_{name}", raising=False)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A certificate to trust."""
    return new_authority("Town").write(tmp_path / "authority.pem")


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Set HANDOFF_KAFKA_... ."""
    for name, value in values.items():
        assert f"KAFKA_{name}" in settings.NAMES
        monkeypatch.setenv(f"HANDOFF_KAFKA_{name}", value)


def test_without_a_setting_there_is_no_kafka() -> None:
    assert settings.read() is None


def test_the_settings_name_servers_user_and_copies(
    monkeypatch: pytest.MonkeyPatch, authority: Path
) -> None:
    given(
        monkeypatch,
        SERVERS="one:9092, [::1]:9092",
        TLS="yes",
        AUTHORITY=str(authority),
        USER="matcher",
        PASSWORD="secret",  # noqa: S106 - an example
        REPLICATION="1",
    )
    assert settings.read() == KafkaSettings(
        servers=("one:9092", "[::1]:9092"),
        security=KafkaSecurity(
            tls=True,
            authority=authority,
            user="matcher",
            password="secret",  # noqa: S106 - an example
        ),
        replication=1,
        in_sync=1,
    )


WRONG: dict[str, tuple[Environment, str]] = {
    "servers without a port": ({"SERVERS": "one,two:9092"}, "SERVERS .*must be host:port"),
    "no server": ({"SERVERS": ""}, "SERVERS .*must be host:port"),
    "no copies": ({"REPLICATION": "0"}, "REPLICATION .*must be from 1 to 32"),
    "more in sync than there are": ({"IN_SYNC": "4"}, r"IN_SYNC .*at most .*REPLICATION \(3\)"),
    "a user without a password": (
        {"TLS": "true", "USER": "matcher"},
        "USER and HANDOFF_KAFKA_PASSWORD go together",
    ),
    "a password in clear text": (
        {"USER": "matcher", "PASSWORD": "secret"},
        "HANDOFF_KAFKA_TLS must be true",
    ),
    "a file that is not there": ({"TLS": "true", "AUTHORITY": "no.pem"}, "AUTHORITY .*read"),
    "a file that is no certificate": ({"TLS": "true", "AUTHORITY": __file__}, "cannot be used"),
    "a key without a certificate": ({"TLS": "true", "KEY": __file__}, "with HANDOFF_KAFKA_CERT"),
}


@pytest.mark.parametrize(("values", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, values: Environment, words: str
) -> None:
    given(monkeypatch, **{"SERVERS": "one:9092", **values})
    with pytest.raises(SettingError, match=words):
        settings.read()


def test_every_wrong_setting_is_named_and_a_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(monkeypatch, SERVERS="one", TLS="perhaps", PASSWORD="", IN_SYNC="two")
    with pytest.raises(SettingError) as raised:
        settings.read()
    assert str(raised.value) == (
        'HANDOFF_KAFKA_SERVERS "one": must be host:port, several with a comma between; '
        'HANDOFF_KAFKA_TLS "perhaps": not a valid boolean; '
        "HANDOFF_KAFKA_PASSWORD: must not be empty: leave it out, or give a value; "
        'HANDOFF_KAFKA_IN_SYNC "two": not a valid integer'
    )
    given(monkeypatch, SERVERS="one:9092", TLS="true", PASSWORD="canary-secret", IN_SYNC="2")  # noqa: S106 - none
    with pytest.raises(SettingError) as raised:
        settings.read()
    assert "canary" not in str(raised.value)


def test_what_is_set_without_servers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, TLS="true", REPLICATION="3")
    with pytest.raises(SettingError, match=r"SERVERS is missing: .*_REPLICATION, .*_TLS"):
        settings.read()


def test_databases_and_brokers_come_together_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    embedded = shared.read()
    on_servers = replace(embedded, databases={"matcher": "postgresql+psycopg://host/matcher"})
    assert settings.of(embedded) is None
    with pytest.raises(SettingError, match="HANDOFF_KAFKA_SERVERS is missing"):
        settings.of(on_servers)
    given(monkeypatch, SERVERS="one:9092")
    assert settings.of(on_servers) == KafkaSettings(servers=("one:9092",))
    with pytest.raises(SettingError, match=r"HANDOFF_KAFKA_SERVERS is set, but no HANDOFF_"):
        settings.of(embedded)
    with pytest.raises(SettingError, match="HANDOFF_KAFKA_SERVERS is set"):
        command.check_services()
