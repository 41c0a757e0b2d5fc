"""The list of seeded bugs, and what is wrong with it where the code has moved on."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
LIST: Final = Path(__file__).with_name("seeded.toml")


class ListError(ValueError):
    """A bug of the list fits the code no longer; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Edit:
    """``before`` stands in the file once, and is replaced."""

    file: str
    before: str
    after: str

    def fault(self, root: Path) -> str | None:
        """Why it cannot be made, or None."""
        path = root / self.file
        found = path.read_text(encoding="utf-8").count(self.before) if path.is_file() else 0
        return None if found == 1 else f"{self.file} has its line {found} times"

    def make(self, root: Path) -> None:
        """Write the file anew."""
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(self.before, self.after), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Bug:
    """``breaks`` = the promise that it breaks; ``tests`` must fail, as pytest names them."""

    name: str
    breaks: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


def read(path: Path = LIST) -> list[Bug]:
    """Every seeded bug, in its order."""
    return [_bug(entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["bug"]]


def faults(bug: Bug, root: Path = ROOT) -> list[str]:
    """Why it cannot be played on this code: edits that fit nothing, tests that are not there."""
    wrong = [fault for edit in bug.edits if (fault := edit.fault(root))]
    return wrong + [f"{test} is not there" for test in bug.tests if not _is_there(test, root)]


def _bug(entry: dict[str, Any]) -> Bug:
    edits = tuple(Edit(one["file"], one["before"], one["after"]) for one in entry["edit"])
    return Bug(entry["name"], entry["breaks"], edits, tuple(entry["tests"]))


def _is_there(test: str, root: Path) -> bool:
    file, _, name = test.partition("::")
    path = root / file
    named = re.escape(name.partition("[")[0])
    return path.is_file() and bool(
        re.search(rf"^def {named}\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    )
