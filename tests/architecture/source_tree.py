"""The project's files as the house rules look at them: paths, text, lines and syntax."""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = tuple("contracts services deploy tests bench docs requirements .ci".split())
TEXTS: Final = frozenset(".csv .html .j2 .js .json .mako .md .py .toml .txt .yaml .yml".split())
_NO_CODE: Final = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One text file; ``path`` is relative to the root of the project."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of a Python file."""
        return ast.parse(self.text)

    def dotted_names(self) -> Iterator[tuple[int, str]]:
        """Each dotted name with its line, whether written out or imported: ``os.environ``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute):
                yield node.lineno, ast.unparse(node)
            elif isinstance(node, ast.Import):
                yield from ((node.lineno, name.name) for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)

    def imported_packages(self) -> Iterator[tuple[int, str]]:
        """The top-level package of each import with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, name.name.partition(".")[0]) for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.lineno, (node.module or "").partition(".")[0]

    def code_lines(self) -> int:
        """How many lines hold code: no blank, no comment, no docstring."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        lines = {
            line
            for token in tokens
            if token.type not in _NO_CODE
            for line in range(token.start[0], token.end[0] + 1)
        }
        return len(lines - self._docstring_lines())

    def functions(self) -> Iterator[tuple[Function, int]]:
        """Each function with its length in lines, the docstring left out."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                whole = set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
                yield node, len(whole - _docstring(node))

    def _docstring_lines(self) -> set[int]:
        owners = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module
        found = (_docstring(node) for node in ast.walk(self.tree) if isinstance(node, owners))
        return set().union(*found)


def _docstring(node: Function | ast.ClassDef | ast.Module) -> set[int]:
    if ast.get_docstring(node, clean=False) is None:
        return set()
    return set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))


def texts() -> Iterator[Source]:
    """Every text file of the project, in order of path."""
    found = [path for path in ROOT.iterdir() if path.suffix in TEXTS or path.name == "Makefile"]
    for folder in FOLDERS:
        found += [path for path in (ROOT / folder).rglob("*") if _is_text(path)]
    for path in sorted(found):
        yield Source(PurePosixPath(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))


def _is_text(path: Path) -> bool:
    return path.is_file() and (path.suffix in TEXTS or path.parent.name == ".ci")
