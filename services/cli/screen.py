"""How commands print: tables and progress, live on a terminal, plain lines elsewhere."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

PIPED_WIDTH: Final = 160
LINES: Final = 10


class Meter(Protocol):
    """Shows how far a long command is."""

    def show(self, done: int, total: int, text: str) -> None:
        """``done`` of ``total``, and what is going on."""


def console() -> Console:
    """The standard output; wide where no terminal sets a width, so that no table is cut."""
    found = Console(highlight=False, soft_wrap=False)
    if not found.is_terminal:
        found = Console(highlight=False, width=PIPED_WIDTH)
    return found


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; numbers stand to the right."""
    kept = [list(row) for row in rows]
    made = Table(title=escape(title), title_justify="left")
    for place, name in enumerate(columns):
        numeric = bool(kept) and all(isinstance(row[place], int | float) for row in kept)
        made.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in kept:
        made.add_row(*(_cell(value) for value in row))
    console().print(made)


def say(text: str) -> None:
    """Print plain text, as it is: no markup, no wrapping."""
    console().print(text, markup=False, soft_wrap=True)


@contextmanager
def meter(what: str) -> Iterator[Meter]:
    """A progress bar on a terminal; elsewhere about ten plain lines."""
    out = console()
    if not out.is_terminal:
        yield _Plain(what)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[text]}"),
    )
    with Progress(*columns, console=out, transient=True) as progress:
        yield _Bar(what, progress)


class _Plain:
    def __init__(self, what: str) -> None:
        self._what = what
        self._said = -1

    def show(self, done: int, total: int, text: str) -> None:
        """A line for each tenth."""
        tenth = done * LINES // max(total, 1)
        if tenth > self._said:
            self._said = tenth
            say(f"{self._what}: {done} of {total}  {text}".rstrip())


class _Bar:
    def __init__(self, what: str, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task(what, text="")

    def show(self, done: int, total: int, text: str) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, total=total, text=escape(text))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return escape(f"{value:.3f}" if isinstance(value, float) else str(value))
