"""Playing seeded bugs: each in a copy of the code of its own, on the tests that must catch it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.mutants.seeded import ROOT, Bug, ListError, faults

COPIED: Final = ("contracts", "services", "deploy", "tests", "pyproject.toml")
LEFT_OUT: Final = shutil.ignore_patterns("__pycache__")
# What pytest ends with where a test failed; anything else but 0 is a fault of the run itself.
FAILED: Final = 1
LONGEST_S: Final = 600


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the tests: ``failed`` by their names, and ``broken`` = the run's own fault."""

    failed: frozenset[str]
    broken: str | None = None

    def caught(self, bug: Bug) -> bool:
        """Whether every test that must catch the bug did."""
        return self.broken is None and not self.missed(bug)

    def missed(self, bug: Bug) -> list[str]:
        """The tests that must catch it and did not; of a test with parameters, one has to."""
        return [
            test
            for test in bug.tests
            if not any(name == test or name.startswith(f"{test}[") for name in self.failed)
        ]


def play(bug: Bug) -> Verdict:
    """The verdict on a copy with the bug in it; raises ListError where it does not fit the code."""
    if wrong := faults(bug):
        raise ListError(f"{bug.name}: {'; '.join(wrong)}")
    with TemporaryDirectory(prefix="mutant-") as folder:
        copy = _copied(Path(folder))
        for edit in bug.edits:
            edit.make(copy)
        return run(copy, bug.tests)


def sound(bugs: Iterable[Bug]) -> Verdict:
    """The verdict on a copy without any bug: all these tests must pass, or they prove nothing."""
    with TemporaryDirectory(prefix="mutant-") as folder:
        return run(_copied(Path(folder)), sorted({test for bug in bugs for test in bug.tests}))


def run(copy: Path, tests: Iterable[str]) -> Verdict:
    """Run these tests on the code in a folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", *tests]
    paths = {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter on our own copy
            command,
            cwd=copy,
            env=os.environ | paths,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Verdict(frozenset(), f"the tests took longer than {LONGEST_S} s")
    return _verdict(done.returncode, done.stdout)


def _copied(folder: Path) -> Path:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=LEFT_OUT)
        else:
            shutil.copy(source, folder / name)
    return folder


def _verdict(code: int, said: str) -> Verdict:
    failed = frozenset(re.findall(r"^(?:FAILED|ERROR) (\S+::.*?)(?: - .*)?$", said, re.MULTILINE))
    if code == 0 or (code == FAILED and failed):
        return Verdict(failed)
    return Verdict(failed, f"pytest ended with {code}:\n{said[-2000:]}")
