"""The report of a spreadsheet import: what became of every row, kept so that none is sent again."""

import csv
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from services.cli import sheet
from services.cli.importing import Result
from services.cli.sheet import SheetError

COLUMNS: Final = ("line", "key", "result", "reference", "referral_id", "reason")
SENT: Final = frozenset({"submitted", "tallied"})


def sent_before(path: Path | None) -> Mapping[str, Result]:
    """The rows that an earlier report says were sent, by key; raises SheetError."""
    if path is None or not path.exists():
        return {}
    found = sheet.read(path)
    if tuple(found.columns) != COLUMNS:
        raise SheetError(f"{path} is there already and is no report: name another file")
    results = (_result(row.line, row.cells) for row in found.rows)
    return {result.key: result for result in results if result.result in SENT}


def write(path: Path, results: Iterable[Result]) -> None:
    """Write the report; raises SheetError where the folder does not take it."""
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        with open(draft, "x", encoding="utf-8", newline="", opener=_private) as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows([getattr(result, name) for name in COLUMNS] for result in results)
        draft.replace(path)
    except OSError as error:
        raise SheetError(f"{path}: {error.strerror}") from None


def _private(path: str, flags: int) -> int:
    """For its owner alone: it ties the keys of a sheet to referrals."""
    return os.open(path, flags, 0o600)


def _result(line: int, cells: Mapping[str, str]) -> Result:
    return Result(
        line=line,
        key=cells["key"],
        result=cells["result"],
        reason=cells["reason"],
        reference=cells["reference"],
        referral_id=cells["referral_id"],
    )
