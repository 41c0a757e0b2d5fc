"""HANDOFF_TEST_WITHOUT leaves out the tests that need real servers, and never without a word."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT
from tests.servers import WITHOUT

NEEDY = """
import pytest

@pytest.fixture
def topics(kafka):
    raise AssertionError("no server is started for a test that is left out")

def test_through_a_fixture(topics): ...

def test_on_both(kafka, postgres): ...

def test_on_postgres(postgres): ...

@pytest.mark.kafka
def test_with_brokers_of_its_own(): ...

@pytest.mark.parametrize("column", ["embedded", pytest.param("real", marks=pytest.mark.postgres)])
def test_on_a_column(column): ...

def test_on_nothing(): ...
"""


def run(folder: Path, without: str | None, *options: str) -> subprocess.CompletedProcess[str]:
    """Pytest on a folder with those tests, the switch set or not."""
    (folder / "test_needy.py").write_text(NEEDY, encoding="utf-8")
    command = f"-m pytest -p tests.servers -p no:cacheprovider -c {ROOT}/pyproject.toml".split()
    environment = {name: value for name, value in os.environ.items() if name != WITHOUT}
    return subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, *command, f"--rootdir={folder}", *options, str(folder)],
        env={**environment, **({} if without is None else {WITHOUT: without})},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def outcomes(done: subprocess.CompletedProcess[str], word: str) -> set[str]:
    """The tests that a run names with a word, such as PASSED."""
    lines = [line.split() for line in done.stdout.splitlines()]
    return {line[0].rpartition("::")[2] for line in lines if line[1:2] == [word]}


def test_without_both_only_tests_that_need_no_server_run(tmp_path: Path) -> None:
    done = run(tmp_path, "kafka, postgres", "-v")
    assert done.returncode == 0, done.stdout
    assert outcomes(done, "PASSED") == {"test_on_a_column[embedded]", "test_on_nothing"}
    assert len(outcomes(done, "SKIPPED")) == 5
    assert f"{WITHOUT}=kafka,postgres: 5 tests were skipped that need them" in done.stdout


def test_processes_that_share_a_run_leave_out_the_same(tmp_path: Path) -> None:
    done = run(tmp_path, "kafka,postgres", "-n", "2")
    assert done.returncode == 0, done.stdout
    assert "2 passed, 5 skipped" in done.stdout
    assert f"{WITHOUT}=kafka,postgres: 5 tests were skipped that need them" in done.stdout


def test_without_one_the_tests_that_need_only_the_other_stay(tmp_path: Path) -> None:
    done = run(tmp_path, "kafka", "-v", "-k", "kafka or test_on_both or test_on_nothing")
    assert outcomes(done, "SKIPPED") == {
        "test_through_a_fixture",
        "test_on_both",
        "test_with_brokers_of_its_own",
    }
    assert outcomes(done, "PASSED") == {"test_on_nothing"}
    assert f"{WITHOUT}=kafka: 3 tests were skipped" in done.stdout


@pytest.mark.parametrize("without", [None, ""])
def test_without_the_switch_every_test_is_there_and_marked(
    tmp_path: Path, without: str | None
) -> None:
    done = run(tmp_path, without, "--collect-only", "-q", "-m", "kafka or postgres")
    assert done.stdout.count("test_needy.py::") == 5, done.stdout
    assert WITHOUT not in done.stdout


def test_a_wrong_word_stops_the_run_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, "kafka,postgress")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"ERROR: {WITHOUT} must be kafka, postgres or both with a comma between, not postgress",
        "",
    ]
