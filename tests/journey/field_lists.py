"""Fields of answers as paths, and the lists of those that may appear, by route and role."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).with_name("fields")
# What says nothing, in a field that has to say something.
NOTHING: Final = (None, "unknown")
PROBLEM: Final = frozenset({"type", "title", "status", "detail"})
# The names below it are those of the request's own fields.
ERRORS: Final = "errors."


@dataclass(frozen=True, slots=True)
class Fields:
    """The paths of an answer: those that hold something, and those that are named and empty."""

    full: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Item:
    """One path of a list; ``always_empty`` where a role never sees what it holds.

    ``shape`` is the shape that it came with: it has to be seen in any use of that.
    """

    path: str
    shape: str | None = None
    always_empty: bool = False

    def allows(self, path: str, *, empty: bool) -> bool:
        """Whether a path may appear; a star stands for any one name, two for any path."""
        if self.path == "**":
            return True
        mine, theirs = self.path.split("."), path.split(".")
        fits = len(mine) == len(theirs) and all(
            one in (other, "*") for one, other in zip(mine, theirs, strict=True)
        )
        return fits and (empty or not self.always_empty)


Lists = Mapping[tuple[str, str], tuple[Item, ...]]


def fields_of(said: Any) -> Fields:
    """Every path of an answer, lists flattened."""
    full: set[str] = set()
    empty: set[str] = set()
    _gather(said, "", full, empty)
    return Fields(frozenset(full), frozenset(empty))


def read() -> Lists:
    """The lists of all files, by route and role."""
    found: dict[tuple[str, str], tuple[Item, ...]] = {}
    for file in sorted(FOLDER.glob("*.toml")):
        found |= lists_of(tomllib.loads(file.read_text(encoding="utf-8")))
    return found


def lists_of(tables: Mapping[str, Any]) -> Lists:
    """The lists of one file: words are paths, or ``PREFIX@SHAPE`` for those of a shape."""
    shapes = {name: text.split() for name, text in tables["shapes"].items()}
    return {
        (route, role): tuple(_items(text.split(), shapes, ""))
        for route, by_roles in tables["routes"].items()
        for roles, text in by_roles.items()
        for role in roles.split()
    }


def strays(fields: Fields, allowed: Iterable[Item]) -> list[str]:
    """The paths of an answer that no item of its list allows."""
    allowed = tuple(allowed)
    return sorted(
        path
        for paths, empty in ((fields.full, False), (fields.empty, True))
        for path in paths
        if not any(item.allows(path, empty=empty) for item in allowed)
    )


def unused(lists: Lists, seen: Mapping[tuple[str, str], Fields]) -> list[str]:
    """The items that stand in a list for nothing: no answer to that role ever held them."""
    wanted: dict[str, bool] = {}
    for (route, role), items in lists.items():
        fields = seen.get((route, role), Fields())
        for item in items:
            where = f"{item.shape}" if item.shape else f"{route} {item.path}"
            name = f"{role}: {where}{' (always empty)' if item.always_empty else ''}"
            paths = fields.empty if item.always_empty else fields.full
            held = any(item.allows(path, empty=item.always_empty) for path in paths)
            wanted[name] = wanted.get(name, False) or held
    return sorted(name for name, held in wanted.items() if not held)


def is_problem(fields: Fields) -> bool:
    """Whether an answer holds what a problem holds, and nothing else."""
    beside = {path for path in fields.full if not path.startswith(ERRORS)}
    return beside == PROBLEM and not fields.empty


def _items(words: Iterable[str], shapes: Mapping[str, list[str]], prefix: str) -> Iterator[Item]:
    for word in words:
        path, at, shape = word.partition("@")
        if not at:
            always_empty = path.startswith("~")
            yield Item(f"{prefix}{path.removeprefix('~')}", None, always_empty)
            continue
        inner = f"{prefix}{path}." if path else prefix
        for item in _items(shapes[shape], shapes, inner):
            where = item.shape or f"{shape} {item.path.removeprefix(inner)}"
            yield Item(item.path, where, item.always_empty)


def _gather(said: Any, path: str, full: set[str], empty: set[str]) -> None:
    if isinstance(said, dict):
        for name, value in said.items():
            _gather(value, f"{path}.{name}" if path else name, full, empty)
    elif isinstance(said, list):
        for value in said:
            _gather(value, f"{path}[]", full, empty)
    elif path:
        (empty if said in NOTHING else full).add(path)
