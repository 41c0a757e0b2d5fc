"""The rules of the house that no linter knows: each a guard that names what breaks it."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Final

from tests.architecture.source_tree import Source

LONGEST_FUNCTION: Final = 40
LONGEST_FILE: Final = 250
POOR_NAMES: Final = frozenset(
    "util utils common helper helpers manager base core misc lib stuff tools".split()
)
# A letter in brackets keeps a pattern from finding itself.
UNFINISHED: Final = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b|NotImplemented[E]rror")
SKIPPED: Final = re.compile(r"pytest\.(skip|xfail|importorskip)|mark\.(skip|skipif|xfail)\b")
# The switch that leaves out whole servers.
MAY_SKIP: Final = PurePosixPath("tests/servers.py")
SWALLOWED: Final = re.compile(r"except( Exception)?( as \w+)?:\s*(pass|\.\.\.|continue)\b")
LOCAL: Final = re.compile(r"(?<![\w./])/(work|root)/\w+|--(extra-)?index-[u]rl")
ENVIRONMENT: Final = frozenset({"os.environ", "os.environb", "os.getenv", "os.putenv"})
CHANCE: Final = frozenset(
    "datetime.now datetime.datetime.now datetime.utcnow date.today time.time uuid.uuid4".split()
)
SLEEPS: Final = frozenset({"time.sleep", "asyncio.sleep"})
TRANSACTIONS: Final = re.compile(r"\bsession\.(begin|commit|rollback)$")
# What a pure package may import beside the standard library.
PURE: Final = {
    "contracts/*": frozenset({"contracts", "marshmallow", "cloudevents"}),
    "services/*/domain/*": frozenset({"contracts", "services", "h3", "numpy", "scipy"}),
    "services/matcher/hsds/*": frozenset({"contracts", "services"}),
}

Breaches = Iterator[str]
Guard = Callable[[Source], Breaches]


def missing_sentences(source: Source) -> Breaches:
    """A module that does not open by saying what it owns; an empty file owns nothing."""
    opening = (ast.get_docstring(source.tree) or "").partition("\n\n")[0]
    if source.text.strip() and not opening.endswith("."):
        yield f"{source.path} opens with no sentence"


def long_functions(source: Source) -> Breaches:
    """Functions that hold more than one idea."""
    for node, lines in source.functions():
        if lines > LONGEST_FUNCTION:
            yield f"{source.path}:{node.lineno} {node.name} has {lines} lines"


def long_files(source: Source) -> Breaches:
    """Files that have to be split."""
    if source.code_lines() > LONGEST_FILE:
        yield f"{source.path} has {source.code_lines()} lines of code"


def poor_names(source: Source) -> Breaches:
    """Names that say nothing of what is inside."""
    for part in (*source.path.parts[:-1], source.path.stem):
        if part in POOR_NAMES:
            yield f"{source.path}: {part}"


def leftovers(pattern: re.Pattern[str]) -> Guard:
    """A guard against words that do not belong in a finished file."""

    def guard(source: Source) -> Breaches:
        for found in pattern.finditer(source.text):
            line = source.text.count("\n", 0, found.start()) + 1
            yield f"{source.path}:{line} {found.group(0)}"

    return guard


def skips(source: Source) -> Breaches:
    """A test that is skipped other than by the one switch."""
    if source.path != MAY_SKIP:
        yield from leftovers(SKIPPED)(source)


def environment_readers(source: Source) -> Breaches:
    """The environment, read outside a settings module."""
    if source.path.name != "settings.py":
        yield from _named(source, ENVIRONMENT)


def chance(source: Source) -> Breaches:
    """The time or an id, taken where it should be an argument."""
    yield from _named(source, CHANCE)


def sleeps(source: Source) -> Breaches:
    """Tests that wait for luck."""
    yield from _named(source, SLEEPS)


def mocks(source: Source) -> Breaches:
    """Tests that prove only what they have arranged themselves."""
    for line, name in source.dotted_names():
        if name.startswith("unittest.mock"):
            yield f"{source.path}:{line} {name}"


def transactions(source: Source) -> Breaches:
    """A transaction begun or ended below the edge."""
    for line, name in source.dotted_names():
        if TRANSACTIONS.search(name):
            yield f"{source.path}:{line} {name}"


def queries(source: Source) -> Breaches:
    """SQL outside the store: a rule may hold a session, and hand it on."""
    for line, name in source.dotted_names():
        if name.partition(".")[0] == "sqlalchemy" and name != "sqlalchemy.orm.Session":
            yield f"{source.path}:{line} {name}"


def impurities(source: Source) -> Breaches:
    """An import that a pure package may not have."""
    for pattern, allowed in PURE.items():
        if fnmatch(str(source.path), pattern):
            for line, package in source.imported_packages():
                if package not in allowed | sys.stdlib_module_names:
                    yield f"{source.path}:{line} {package}"


def _named(source: Source, names: frozenset[str]) -> Breaches:
    for line, name in source.dotted_names():
        if name in names:
            yield f"{source.path}:{line} {name}"
