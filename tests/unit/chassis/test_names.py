"""A misspelt setting stops every kind of process; one of another process stops none."""

import pytest

from contracts.topics import Service
from services.chassis import web, worker
from services.chassis.names import KNOWN, OF_COMMANDS, OF_SERVICES, read_settings
from services.chassis.platform import Platform
from services.chassis.service import Task, WiredService
from services.chassis.settings import PREFIX, SettingError

MISSPELT = "HANDOFF_JWKS_ULR"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KNOWN:
        monkeypatch.delenv(PREFIX + name, raising=False)
    monkeypatch.delenv("HANDOFF_TEST_WITHOUT", raising=False)  # read by the tests alone


def build(_: Platform) -> WiredService:
    """Nothing may be wired on settings that are wrong."""
    raise AssertionError


def test_a_web_process_names_a_misspelt_setting_in_one_line_and_halts_its_master(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(MISSPELT, "https://login.example.org/keys")
    with pytest.raises(SystemExit) as ended:
        web.app_of(Service.MATCHER, build)("app")
    assert ended.value.code == web.CANNOT_LOAD
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"matcher: {MISSPELT} is no setting; known: ")


def test_a_worker_names_a_misspelt_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MISSPELT, "https://login.example.org/keys")
    with pytest.raises(SettingError, match=f"{MISSPELT} is no setting.*HANDOFF_JWKS_URL"):
        worker.run(Service.MATCHER, build, [Task.RELAY])


def test_one_environment_may_serve_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OF_SERVICES | OF_COMMANDS:
        monkeypatch.setenv(PREFIX + name, "another's")
    assert read_settings().port == 8000
