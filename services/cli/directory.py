"""`handoff directory`: imports a provider directory from HSDS tables kept as CSV files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from services.cli import people, sheet
from services.cli.city import TIME_ZONE, directory_body, filled
from services.cli.client import Client, ClientError
from services.cli.options import calling_as, examples
from services.cli.screen import say, table
from services.cli.sheet import Sheet

COLUMNS: Final = ("table", "line", "id", "reason")
FIRST_LINE: Final = 2
# Tables without which there is no directory, then the columns without which a table says nothing.
TABLES: Final = ("organizations", "services", "attributes")
NEEDED: Final = {
    "organizations": ("id", "name"),
    "services": ("id", "organization_id", "name", "status"),
    "attributes": ("id", "link_id", "taxonomy_term_id"),
    "schedules": ("id", "service_id", "byday", "opens_at", "closes_at"),
    "languages": ("id", "service_id", "code"),
    "phones": ("id", "service_id", "number"),
    "locations": ("id", "latitude", "longitude"),
    "service_at_location": ("id", "service_id", "location_id"),
    "addresses": ("id", "location_id"),
    "service_capacity": ("id", "service_id", "available", "updated"),
}


@dataclass(frozen=True, slots=True)
class Folder:
    """The tables of a folder, each a sheet."""

    sheets: Mapping[str, Sheet]

    def faults(self) -> list[dict[str, Any]]:
        """The lines that are no rows, as rejections."""
        return [
            {"table": name, "line": fault.line, "id": None, "reason": fault.reason}
            for name, read in self.sheets.items()
            for fault in read.faults
        ]

    def rows(self) -> dict[str, list[dict[str, str]]]:
        """The rows to send, by table."""
        return {
            name: [filled(row.cells) for row in read.rows] for name, read in self.sheets.items()
        }

    def in_file(self, rejected: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Rejections with the lines of the files: the suite counts the rows that it was sent."""
        return [{**entry, "line": self._line(entry)} for entry in rejected]

    def _line(self, entry: Mapping[str, Any]) -> int | None:
        read, line = self.sheets.get(entry["table"]), entry.get("line")
        place = line - FIRST_LINE if isinstance(line, int) else -1
        known = read is not None and 0 <= place < len(read.rows)
        return read.rows[place].line if read is not None and known else line


@click.group("directory")
def directory_group() -> None:
    """Look after the provider directory."""


@directory_group.command(
    "import",
    epilog=examples(
        "handoff directory import exports/today",
        "handoff directory import exports/today --time-zone America/New_York --accept-partial",
    ),
)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--accept-partial", is_flag=True, help="Apply the rest where some rows are rejected.")
@click.option(
    "--time-zone", default=TIME_ZONE, show_default=True, help="IANA zone of the opening hours."
)
@calling_as(people.ADMIN)
def import_(client: Client, folder: Path, *, accept_partial: bool, time_zone: str) -> None:
    """Import the CSV files of FOLDER, one for each HSDS table; a missing file is an empty table.

    Any row rejected means that nothing is applied and the exit code is 1, unless
    --accept-partial is given. What an agency stated itself is never overwritten.
    """
    found = read_folder(folder)
    faults = found.faults()
    if faults and not accept_partial:
        _refused(faults)
    try:
        body = directory_body(found.rows(), time_zone, partial=accept_partial)
        report = client.post("/v1/directory/imports", body)
    except ClientError as error:
        rejected = error.problem.get("errors", {}).get("rejected")
        if not _are_rows(rejected):
            raise
        _refused(found.in_file(rejected))
    _show(report, faults + found.in_file(report["rejected"]))


def read_folder(folder: Path) -> Folder:
    """Every CSV file of a folder; raises SheetError where one cannot be read or none is there."""
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise sheet.SheetError(f"{folder} holds no CSV file")
    found = {path.stem: sheet.read(path) for path in paths}
    lacks = _lacks(found)
    if lacks:
        raise sheet.SheetError(f"{folder}: {'; '.join(lacks)}")
    return Folder(found)


def _lacks(found: Mapping[str, Sheet]) -> list[str]:
    """What no row can make up for, said once instead of once a row."""
    gone = [f"{name}.csv is missing" for name in TABLES if name not in found]
    columns = [
        f"{name}.csv lacks the column {column}"
        for name, needed in NEEDED.items()
        if name in found
        for column in needed
        if column not in found[name].columns
    ]
    return gone + columns


def _are_rows(rejected: object) -> bool:
    return isinstance(rejected, list) and all(isinstance(entry, dict) for entry in rejected)


def _refused(rejected: list[dict[str, Any]]) -> None:
    """Print the rejections and fail."""
    _rejections(rejected)
    raise ClientError(f"{len(rejected)} rows rejected, nothing applied")


def _show(report: Mapping[str, Any], rejected: list[dict[str, Any]]) -> None:
    _rejections(rejected)
    for warning in report["warnings"]:
        say(f"warning: {warning}")
    names = ("agencies", "programs", "changed", "unchanged")
    counts = ", ".join(f"{name} {report[name]}" for name in names)
    say(f"applied: {counts}, rejected {len(rejected)}")


def _rejections(rejected: list[dict[str, Any]]) -> None:
    if rejected:
        table("Rejected", COLUMNS, [[entry.get(name) for name in COLUMNS] for entry in rejected])
