"""Settings: read once, and a bad one is named."""

from pathlib import Path

import pytest

from services.chassis.clock import SettableClock, SystemClock
from services.chassis.settings import (
    DATABASE_IS,
    NAMES,
    PREFIX,
    STORES,
    Mode,
    SettingError,
    read,
    refuse_unknown,
)


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(PREFIX + name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_there_are_sound_ones(tmp_path: Path) -> None:
    settings = read()
    assert (settings.mode, settings.host, settings.port) == (Mode.PRODUCTION, "127.0.0.1", 8000)
    assert settings.home == tmp_path / ".handoff"
    assert settings.data == tmp_path / ".handoff" / "data"
    assert settings.keys == tmp_path / ".handoff" / "keys"
    assert isinstance(settings.clock(), SystemClock)
    assert settings.database_url("matcher").endswith("/data/matcher.sqlite")
    assert settings.key_store_url.endswith("/keys/person_keys.sqlite")


BAD = {
    "FAILPOINTS": "",
    "HOME": "",
    "KEYS": "",
    "HOST": "",
    "MODE": "fast",
    "PORT": "70000",
    "THREADS": "0",
    "LOG_LEVEL": "loud",
    "REQUESTS_A_MINUTE": "-1",
    "SETTABLE_CLOCK": "perhaps",
    "STRANGERS_A_MINUTE": "many",
    "TRUSTED_PROXIES": "10.0.0.1/8",
    "TOKEN_ISSUER": "",
    "TOKEN_AUDIENCE": "",
    "JWKS_URL": "login.example.org",
    "PROCESSES": "0",
    "MEMBER": "host name",
    **{f"{store.upper()}_DATABASE": "sqlite:///file" for store in STORES},
    **{f"{store.upper()}_MIGRATION_DATABASE": "postgresql://host:port/name" for store in STORES},
}


@pytest.mark.parametrize(("name", "value"), BAD.items())
def test_a_bad_setting_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingError, match=PREFIX + name):
        read()


def test_every_shared_setting_has_a_bad_value_in_this_test() -> None:
    assert set(BAD) == set(NAMES)


def test_a_settable_clock_is_refused_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_SETTABLE_CLOCK", "true")
    with pytest.raises(SettingError, match="HANDOFF_MODE=demo"):
        read()
    monkeypatch.setenv("HANDOFF_MODE", "demo")
    assert isinstance(read().clock(), SettableClock)


def test_failpoints_are_refused_in_production(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HANDOFF_FAILPOINTS", str(tmp_path))
    with pytest.raises(SettingError, match="HANDOFF_FAILPOINTS is refused in production"):
        read()
    monkeypatch.setenv("HANDOFF_MODE", "demo")
    assert read().failpoints == tmp_path


def test_a_misspelt_setting_is_named_and_the_right_ones_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HANDOFF_PROT", "8000")
    with pytest.raises(SettingError, match=r"HANDOFF_PROT is no setting.* HANDOFF_PORT"):
        refuse_unknown(NAMES)
    refuse_unknown(NAMES | {"PROT"})
    monkeypatch.setenv("HANDOFF_MOOD", "demo")
    with pytest.raises(SettingError, match="HANDOFF_MOOD, HANDOFF_PROT are no settings"):
        refuse_unknown(NAMES)


def test_every_bad_setting_is_named_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_MODE", "invalid")
    monkeypatch.setenv("HANDOFF_PORT", "eighty")
    monkeypatch.setenv("HANDOFF_THREADS", "65")
    with pytest.raises(SettingError) as raised:
        read()
    assert str(raised.value) == (
        'HANDOFF_MODE "invalid": must be one of production, demo; '
        'HANDOFF_PORT "eighty": not a valid integer; '
        'HANDOFF_THREADS "65": must be from 1 to 64'
    )


@pytest.mark.parametrize("host", ["999.1.1.1", "1.2.3", "::g", "two words", "http://here"])
def test_a_host_that_is_no_address_and_no_name_is_refused(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("HANDOFF_HOST", host)
    with pytest.raises(SettingError, match=r"HANDOFF_HOST .*must be an address or a name"):
        read()


@pytest.mark.parametrize("host", ["0.0.0.0", "::1", "localhost", "node-3.example.org"])  # noqa: S104
def test_addresses_and_names_are_hosts(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HANDOFF_HOST", host)
    assert read().host == host


@pytest.mark.parametrize(
    "url", ["http://login.example.org/keys", "http://10.0.0.7:8080/keys", "https://[::1/keys"]
)
def test_keys_are_not_fetched_over_an_open_wire(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HANDOFF_JWKS_URL", url)
    for mode in Mode:
        monkeypatch.setenv("HANDOFF_MODE", mode)
        with pytest.raises(SettingError, match=r"HANDOFF_JWKS_URL .*https"):
            read()


@pytest.mark.parametrize(
    "url", ["https://login.example.org/keys", "http://127.0.0.1:8000/keys", "http://[::1]/keys"]
)
def test_keys_are_fetched_over_https_and_from_this_machine(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("HANDOFF_JWKS_URL", url)
    assert read().jwks_url == url


def test_databases_are_postgresql_and_each_missing_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(
        "HANDOFF_MATCHER_DATABASE", "postgresql://app:pw@db.example.org:5432/matcher"
    )
    settings = read()
    assert settings.on_servers
    assert settings.database_url("matcher") == (
        "postgresql+psycopg://app:pw@db.example.org:5432/matcher"
    )
    with pytest.raises(SettingError, match="HANDOFF_NOTIFIER_DATABASE is missing"):
        settings.database_url("notifier")
    with pytest.raises(SettingError, match="HANDOFF_MATCHER_MIGRATION_DATABASE is missing"):
        settings.migration_url("matcher")
    assert "pw" not in repr(settings)


def test_a_wrong_address_of_a_database_is_named_and_its_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HANDOFF_MATCHER_DATABASE", "mysql://app:canary-secret@host/matcher")
    monkeypatch.setenv("HANDOFF_KEY_STORE_DATABASE", "postgresql://app:canary-secret@host")
    monkeypatch.setenv("HANDOFF_PROCESSES", "many")
    with pytest.raises(SettingError) as raised:
        read()
    assert str(raised.value) == (
        'HANDOFF_PROCESSES "many": not a valid integer; '
        f"HANDOFF_MATCHER_DATABASE: must look like {DATABASE_IS}; "
        f"HANDOFF_KEY_STORE_DATABASE: must look like {DATABASE_IS}"
    )


@pytest.mark.parametrize("name", ["matcher-0", "node_3.example.org", "7"])
def test_a_member_s_name_is_what_a_broker_takes(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert read().member is None
    monkeypatch.setenv("HANDOFF_MEMBER", name)
    assert read().member == name
