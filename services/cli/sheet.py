"""Reading a CSV file as people save them: any encoding of theirs, line numbers, faults by line."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

FALLBACK: Final = "cp1252"


class SheetError(Exception):
    """The file cannot be read at all; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line that it ends on, as an editor counts, and its cells by column."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that is no row, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file holds: columns, rows, and the lines that are none."""

    columns: Sequence[str]
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read(
    path: Path, delimiter: str = ",", encoding: str | None = None, *, unnamed: bool = False
) -> Sheet:
    """Read a CSV file; raises SheetError.

    Without an encoding: UTF-8 with or without byte order mark, else Windows-1252. ``unnamed``:
    columns without a name go by their number.
    """
    try:
        text = decode(path.read_bytes(), encoding)
    except OSError as error:
        raise SheetError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, LookupError) as error:
        raise SheetError(f"{path}: cannot be read as {encoding}: {error}") from None
    try:
        return parse(text, delimiter, unnamed=unnamed)
    except SheetError as error:
        raise SheetError(f"{path}: {error}") from None


def decode(content: bytes, encoding: str | None = None) -> str:
    """The text of a file; bytes that Windows-1252 leaves undefined become U+FFFD."""
    if encoding is not None:
        return content.decode(encoding)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode(FALLBACK, errors="replace")


def parse(text: str, delimiter: str = ",", *, unnamed: bool = False) -> Sheet:
    """The rows of a CSV text; raises SheetError for a header that names no distinct columns."""
    lines = _lines(text, delimiter)
    _, first = next(lines, (0, []))
    columns = [] if isinstance(first, str) else [name.strip() for name in first]
    if unnamed:
        columns = [name or f"column {number}" for number, name in enumerate(columns, 1)]
    if not columns or "" in columns or len(set(columns)) < len(columns):
        raise SheetError("the first line must name every column, each once")
    sheet = Sheet(columns)
    for line, cells in lines:
        if isinstance(cells, str):
            sheet.faults.append(Fault(line, cells))
        elif len(cells) != len(columns):
            reason = f"{len(cells)} cells, but the header has {len(columns)}"
            sheet.faults.append(Fault(line, reason))
        else:
            values = (cell.strip() for cell in cells)
            sheet.rows.append(Row(line, dict(zip(columns, values, strict=True))))
    return sheet


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Each record with its line number, or why it is none; empty lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, f"no CSV: {error}"
            continue
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells
