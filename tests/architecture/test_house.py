"""The house rules hold in every file, and each guard refuses a file that breaks its rule."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath

import pytest

from tests.architecture import rules
from tests.architecture.source_tree import Source, texts

CODE = ("contracts/*.py", "services/*.py", "tests/*.py", "bench/*.py")
MODULES = (*CODE, "deploy/*.py")
SERVICES = ("services/referral_api/*.py", "services/matcher/*.py", "services/notifier/*.py")
NOUNS_AND_VERBS = ("services/*/domain/*.py", "services/*/usecases/*.py")


@dataclass(frozen=True, slots=True)
class Rule:
    """A guard, the files that it watches, and a file that it must refuse."""

    guard: rules.Guard
    files: tuple[str, ...]
    path: str
    text: str

    def breaches(self, sources: Iterable[Source]) -> list[str]:
        return [breach for source in self.watched(sources) for breach in self.guard(source)]

    def watched(self, sources: Iterable[Source]) -> list[Source]:
        return [s for s in sources if any(fnmatch(str(s.path), each) for each in self.files)]


# Samples that would themselves be leftovers are written in two halves.
HOUSE = {
    "a module opens with its sentence": Rule(
        rules.missing_sentences, MODULES, "contracts/mute.py", "WORD = 1"
    ),
    "a function holds one idea": Rule(
        rules.long_functions,
        CODE,
        "services/chassis/endless.py",
        "def endless():\n" + "    step()\n" * rules.LONGEST_FUNCTION,
    ),
    "a file is read at one sitting": Rule(
        rules.long_files,
        CODE,
        "services/chassis/endless.py",
        "step()\n" * (rules.LONGEST_FILE + 1),
    ),
    "a name says what is inside": Rule(
        rules.poor_names, MODULES, "services/matcher/domain/helpers.py", ""
    ),
    "nothing is left unfinished": Rule(
        rules.leftovers(rules.UNFINISHED), ("*",), "docs/howto/start.md", "TO" + "DO: say how"
    ),
    "no test is skipped": Rule(
        rules.skips, ("*",), "tests/unit/test_luck.py", "@pytest.mark." + "skip"
    ),
    "no error is swallowed": Rule(
        rules.leftovers(rules.SWALLOWED),
        ("*",),
        "services/cli/quiet.py",
        "except Exc" + "eption:\n    pass",
    ),
    "nothing is local to one machine": Rule(
        rules.leftovers(rules.LOCAL),
        ("*",),
        "requirements/run.txt",
        "--index-" + "url https://example.org",
    ),
    "only settings read the environment": Rule(
        rules.environment_readers,
        ("contracts/*.py", "services/*.py"),
        "services/matcher/jobs/planner.py",
        "import os\nTICK = os.environ['TICK']",
    ),
    "time and ids are arguments": Rule(
        rules.chance,
        ("contracts/*.py", *SERVICES),
        "services/notifier/usecases/tell.py",
        "from datetime import datetime\nnow = datetime.now()",
    ),
    "no test waits for luck": Rule(
        rules.sleeps, ("tests/*.py",), "tests/unit/test_luck.py", "from time import sleep"
    ),
    "tests use fakes, not mocks": Rule(
        rules.mocks, ("tests/*.py",), "tests/unit/test_luck.py", "from unittest.mock import Mock"
    ),
    "only the edge opens and ends a transaction": Rule(
        rules.transactions,
        (*NOUNS_AND_VERBS, "services/*/store*.py"),
        "services/matcher/store/programs.py",
        "def save(session):\n    session.commit()",
    ),
    "only the store speaks SQL": Rule(
        rules.queries,
        (*NOUNS_AND_VERBS, "services/*/routes*.py", "services/*/handlers*.py"),
        "services/matcher/usecases/route.py",
        "from sqlalchemy import select",
    ),
    "contracts and nouns import no more than they may": Rule(
        rules.impurities,
        ("contracts/*.py", *SERVICES),
        "services/matcher/domain/score.py",
        "import requests",
    ),
}
each_rule = pytest.mark.parametrize("rule", HOUSE.values(), ids=HOUSE)


@pytest.fixture(scope="module")
def project() -> list[Source]:
    return list(texts())


@each_rule
def test_every_file_keeps_the_rule(rule: Rule, project: list[Source]) -> None:
    assert rule.breaches(project) == []


@each_rule
def test_the_guard_refuses_a_file_that_breaks_the_rule(rule: Rule) -> None:
    assert rule.breaches([Source(PurePosixPath(rule.path), rule.text)]) != []


@each_rule
def test_the_guard_watches_files_that_exist(rule: Rule, project: list[Source]) -> None:
    assert rule.watched(project) != []
