"""The settings of the Kafka client, read from the environment."""

from pathlib import Path

import pytest

from services.chassis.kafka import settings
from services.chassis.kafka.settings import KafkaSecurity, KafkaSettings
from services.chassis.settings import SettingError


def test_without_a_server_there_is_no_kafka() -> None:
    assert settings.read() is None


def test_the_settings_name_servers_user_and_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "SERVERS": "one:9092,two:9092",
        "TLS": "yes",
        "AUTHORITY": "/etc/handoff/authority.pem",
        "USER": "matcher",
        "PASSWORD": "secret",
        "REPLICATION": "1",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"HANDOFF_KAFKA_{name}", value)
        assert f"KAFKA_{name}" in settings.NAMES
    assert settings.read() == KafkaSettings(
        servers=("one:9092", "two:9092"),
        security=KafkaSecurity(
            tls=True,
            authority=Path("/etc/handoff/authority.pem"),
            user="matcher",
            password="secret",  # noqa: S106 - an example
        ),
        replication=1,
        in_sync=1,
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("KAFKA_REPLICATION", "0", "KAFKA_REPLICATION"),
        ("KAFKA_IN_SYNC", "4", "KAFKA_IN_SYNC"),
        ("KAFKA_USER", "matcher", "needs a password"),
        ("KAFKA_AUTHORITY", "/etc/handoff/authority.pem", "with TLS only"),
    ],
)
def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv("HANDOFF_KAFKA_SERVERS", "one:9092")
    monkeypatch.setenv(f"HANDOFF_{name}", value)
    with pytest.raises(SettingError, match=words):
        settings.read()
