"""The commands that the pages show exist, and the lock files are complete."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.main import COMMANDS
from tests.architecture.source_tree import ROOT

LOCKS = ("run", "dev")
# A lock file's line is a package with a hash, or a remark where it comes from.
LOCKED = re.compile(r"[\w.-]+==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|\s+#.*|")


def targets(makefile: str) -> set[str]:
    return set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def shown(program: str, page: str) -> set[str]:
    """The commands of a program that a page shows, in a block or in backquotes."""
    code = re.findall(r"^```.*?^```|`[^`\n]+`", page, re.MULTILINE | re.DOTALL)
    words = rf"(?:^|[`;&$] ?|bin/){program} ([a-z]+(?:-[a-z]+)*)"
    return {command for piece in code for command in re.findall(words, piece, re.MULTILINE)}


def pages() -> Iterator[tuple[str, str]]:
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def strange_lines(lock: str) -> list[str]:
    return [line for line in lock.splitlines() if not LOCKED.fullmatch(line)]


def test_every_command_that_a_page_shows_exists() -> None:
    made = targets((ROOT / "Makefile").read_text(encoding="utf-8"))
    for name, page in pages():
        assert shown("make", page) <= made, name
        assert shown("handoff", page) <= set(COMMANDS), name


def test_the_readme_shows_how_to_begin() -> None:
    assert shown("make", dict(pages())["README.md"]) >= {"demo", "run", "test"}


def test_a_command_that_does_not_exist_is_noticed() -> None:
    page = "To make sure, `make coffee`:\n```sh\ncd x && make tea\nhandoff brew --hot\n```\n"
    assert shown("make", page) == {"coffee", "tea"}
    assert shown("handoff", page) == {"brew"}
    assert targets("tea: .venv ## brew\n\tmake coffee\n") == {"tea"}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_locked_by_its_hash(name: str) -> None:
    lock = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert strange_lines(lock) == []
    assert lock.count("==") > 0


@pytest.mark.parametrize(
    "line", ["flask==3.1.3", "--find-links wheels", "-i https://example.org/simple", "flask @ x"]
)
def test_a_line_that_locks_nothing_is_noticed(line: str) -> None:
    assert strange_lines(line) == [line]


def test_continuous_integration_runs_the_readme_s_test_command() -> None:
    script = ROOT / ".ci" / "run"
    assert _is_executable(script)
    assert script.read_text(encoding="utf-8").splitlines()[-1] == "make test"


def _is_executable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o100)
