"""Who may import whom: the tree keeps the rules, and a tree that breaks one is refused."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"

# What goes wrong: the rule that must say so, the room, the import.
FORBIDDEN = {
    "a service meets another": (
        "Floors",
        "services/matcher/usecases",
        "import services.notifier.domain",
    ),
    "the chassis looks upstairs": (
        "Floors",
        "services/chassis/ids",
        "import services.matcher.domain",
    ),
    "a room looks uphill": ("Rooms", "services/matcher/store", "import services.matcher.jobs"),
    "a timer calls a route": ("Rooms", "services/matcher/jobs", "import services.matcher.routes"),
    "the contracts start a server": ("Contracts", "contracts/topics", "import flask"),
    "a noun touches the database": ("Nouns", "services/matcher/domain", "import sqlalchemy"),
    "a noun knows the runtime": ("Nouns", "services/matcher/domain", "import services.chassis.ids"),
    "the directory's reader touches tables": (
        "Nouns",
        "services/matcher/hsds",
        "import services.matcher.tables",
    ),
    "a verb speaks HTTP": ("Verbs", "services/matcher/usecases", "import flask"),
    "a service talks to Kafka": ("Kafka", "services/matcher/app", "import kafka"),
    "the rest of the chassis talks to Kafka": ("Kafka", "services/chassis/relay", "import kafka"),
    "the command talks to Kafka": ("Kafka", "services/cli/main", "from kafka import admin"),
    "a verb talks to the database's driver": (
        "Verbs",
        "services/matcher/usecases",
        "import psycopg",
    ),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the project that a test may spoil."""
    for folder in ("contracts", "services"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "*.csv")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the command is this file's own
        [sys.executable, "-c", LINT], cwd=tree, capture_output=True, text=True, check=False
    )


def module(tree: Path, name: str) -> Path:
    """The file of a room, be it a module or a package."""
    place = tree / name
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def test_the_tree_keeps_the_rules(tree: Path) -> None:
    done = lint(tree)
    assert done.returncode == 0, done.stdout


def test_a_stray_file_in_a_service_is_refused(tree: Path) -> None:
    (tree / "services/matcher/helpers.py").touch()
    done = lint(tree)
    assert done.returncode == 1
    assert "services.matcher.helpers" in done.stdout


def test_a_stray_service_is_refused(tree: Path) -> None:
    (tree / "services/reporter").mkdir()
    (tree / "services/reporter/__init__.py").touch()
    done = lint(tree)
    assert done.returncode == 1
    assert "services.reporter" in done.stdout


@pytest.mark.parametrize(("rule", "room", "line"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_an_import_that_breaks_a_rule_is_refused(
    tree: Path, rule: str, room: str, line: str
) -> None:
    spoiled = module(tree, room)
    spoiled.write_text(f"{spoiled.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    done = lint(tree)
    assert done.returncode == 1
    assert re.search(rf"^{rule}\b.* BROKEN$", done.stdout, re.MULTILINE)
