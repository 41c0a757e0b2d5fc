"""`handoff worker`: what it takes, and the one line that names what is wrong before it runs."""

import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from services.chassis.keys import MasterKeys
from services.chassis.platform import MASTER, SIGNING
from services.chassis.tokens import create_key_file
from services.cli.main import main

DATABASE = "postgresql://app:secret-word@127.0.0.1:9/matcher"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """The command sets up the log of its process, which here is the tests' own."""
    root = logging.getLogger()
    before = (root.handlers, root.level, logging.raiseExceptions)
    hooks, told = (sys.excepthook, threading.excepthook), structlog.get_config()
    yield
    root.handlers, root.level, logging.raiseExceptions = before
    sys.excepthook, threading.excepthook = hooks
    structlog.configure(**told)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Settings that a worker of the matcher could run on, if its servers were there."""
    MasterKeys.create_file(tmp_path / MASTER, "master-1")
    create_key_file(tmp_path / SIGNING, "signing-1")
    monkeypatch.setenv("HANDOFF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HANDOFF_KEYS", str(tmp_path))
    monkeypatch.setenv("HANDOFF_MATCHER_DATABASE", DATABASE)
    monkeypatch.setenv("HANDOFF_KAFKA_SERVERS", "127.0.0.1:9")
    return monkeypatch


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MATCHER_DATABASE", "mysql://x", "HANDOFF_MATCHER_DATABASE"),
        ("MATCHER_DATABASE", None, "HANDOFF_MATCHER_DATABASE is missing"),
        ("KAFKA_SERVERS", None, "HANDOFF_KAFKA_SERVERS is missing"),
        ("PORT", "http", "HANDOFF_PORT"),
        ("KEYS", "/nowhere", "HANDOFF_KEYS: /nowhere/master.json: No such file or directory"),
        ("MISSPELT", "1", "HANDOFF_MISSPELT is no setting"),
    ],
)
def test_a_setting_that_is_wrong_is_named_in_one_line_before_anything_runs(
    settings: pytest.MonkeyPatch, name: str, value: str | None, said: str
) -> None:
    if value is None:
        settings.delenv(f"HANDOFF_{name}")
    else:
        settings.setenv(f"HANDOFF_{name}", value)
    done = CliRunner().invoke(main, ["worker", "matcher"])
    assert done.exit_code == 1
    (line,) = done.output.splitlines()
    assert line.startswith("handoff: ")
    assert said in line
    assert "secret-word" not in line


def test_a_task_or_a_service_that_there_is_not_is_refused() -> None:
    for arguments in (["worker", "matcher", "--only", "web"], ["worker", "portal"], ["worker"]):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 2
        assert len(done.output.splitlines()) == 1
