"""`handoff directory`: imports a provider directory, maps feeds that do not fit, and checks it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from services.cli import directory_map, people, settings
from services.cli.city import TIME_ZONE, directory_body
from services.cli.client import Client, ClientError
from services.cli.directory_api import read_api
from services.cli.directory_check import check
from services.cli.directory_parts import parts_of, send
from services.cli.directory_source import Found, read_path
from services.cli.options import calling_as, examples
from services.cli.screen import say, table
from services.cli.sheet import SheetError
from services.matcher.hsds.proposal import Headed, propose

COLUMNS: Final = ("table", "line", "id", "reason")
CHANGES: Final = ("what", "id", "field", "before", "after")
LONGEST_CELL: Final = 200
# A line of these that cannot be read may say whom a program takes, or that people hide there:
# nobody can tell of which one, so that nothing goes on without it.
BINDING: Final = frozenset({"attributes", "taxonomy_terms", "taxonomies"})


@click.group("directory")
def directory_group() -> None:
    """Look after the provider directory."""


directory_group.add_command(check)


@directory_group.command(
    "import",
    epilog=examples(
        "handoff directory import exports/today --dry-run",
        "handoff directory import organization.json --time-zone America/New_York",
        "handoff directory import https://directory.example.org/hsds --accept-partial",
        "handoff directory import data.csv --map data.map.toml",
    ),
)
@click.argument("source")
@click.option(
    "--map",
    "map_file",
    type=click.Path(path_type=Path),
    help="Map of sheets that are not HSDS; see `handoff directory map`.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--accept-partial", is_flag=True, help="Apply the rest where some rows are rejected.")
@click.option(
    "--time-zone",
    help=f"IANA zone of the opening hours (default: the map's, else {TIME_ZONE}).",
)
@click.option(
    "--source-token",
    envvar=settings.SOURCE_TOKEN,
    help="Bearer token for an HSDS API that wants one (default: HANDOFF_SOURCE_TOKEN).",
)
@calling_as(people.ADMIN)
def import_(  # noqa: PLR0913 - one argument for each option of the command line
    client: Client,
    source: str,
    *,
    map_file: Path | None,
    dry_run: bool,
    accept_partial: bool,
    time_zone: str | None,
    source_token: str | None,
) -> None:
    """Import the directory at SOURCE: a folder, a JSON file, or the address of an HSDS API.

    A folder holds CSV files, one for each HSDS table, or JSON documents. Any row rejected means
    that nothing is applied and the exit code is 1, unless --accept-partial is given. What an
    agency stated itself is never overwritten.
    """
    by = directory_map.read(map_file) if map_file else None
    found = directory_map.read_mapped(_path(source), by) if by else _read(source, source_token)
    zone = time_zone or (by.time_zone if by else TIME_ZONE)
    binding = [fault for fault in found.faults if fault["table"] in BINDING]
    if binding or (found.faults and not accept_partial):
        _refused(found.faults)
    parts = parts_of(found)

    def post(part: Found, options: Mapping[str, bool]) -> Mapping[str, Any]:
        body = directory_body(part.rows(), zone, partial=accept_partial)
        return _post(client, part, {**body, **options})

    reports = send(parts, post, dry_run=dry_run)
    _show(_summed(reports), found)


def _post(client: Client, part: Found, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The report on one part, with the places of the source; raises ClientError."""
    try:
        report: dict[str, Any] = client.post("/v1/directory/imports", body)
    except ClientError as error:
        rejected = error.problem.get("errors", {}).get("rejected")
        if not _are_rows(rejected):
            raise
        _refused(part.in_source(rejected))
    warnings = [part.warning_in_source(warning) for warning in report["warnings"]]
    return report | {"rejected": part.in_source(report["rejected"]), "warnings": warnings}


def _summed(reports: list[Mapping[str, Any]]) -> dict[str, Any]:
    """One report of all parts."""
    found: dict[str, Any] = {"applied": all(report["applied"] for report in reports)}
    for name in ("rejected", "warnings", "differences"):
        found[name] = [one for report in reports for one in report[name]]
    found["warnings"] = list(dict.fromkeys(found["warnings"]))
    for name in ("agencies", "programs", "changed", "unchanged", "statements", "listed"):
        found[name] = sum(report[name] for report in reports)
    return found


@directory_group.command(
    "map",
    epilog=examples(
        "handoff directory map data.csv > data.map.toml",
        "handoff directory map exports/today --time-zone America/New_York",
    ),
)
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--time-zone", default=TIME_ZONE, show_default=True, help="IANA zone of the hours.")
def map_(source: Path, *, time_zone: str) -> None:
    """Propose a map for the sheet, or the folder of sheets, at SOURCE from its headers."""
    sheets = directory_map.sheets_of(source)
    headed = [
        Headed(name, one.columns, [row.cells for row in one.rows]) for name, one in sheets.items()
    ]
    click.echo(propose(headed, time_zone), nl=False)


def _read(source: str, token: str | None) -> Found:
    if source.startswith(("http://", "https://")):
        return read_api(source, token, lambda path, count: say(f"{path}: {count} read"))
    if "://" in source:
        raise SheetError(f"{source}: an address begins with http:// or https://")
    return read_path(_path(source))


def _path(source: str) -> Path:
    path = Path(source)
    if not path.exists():
        raise SheetError(f"{source} is not there")
    return path


def _are_rows(rejected: object) -> bool:
    return isinstance(rejected, list) and all(isinstance(entry, dict) for entry in rejected)


def _refused(rejected: list[dict[str, Any]]) -> None:
    """Print the rejections and fail."""
    _rejections(rejected)
    raise ClientError(f"{len(rejected)} rows rejected, nothing applied")


def _show(report: Mapping[str, Any], found: Found) -> None:
    rejected = found.faults + report["rejected"]
    _rejections(rejected)
    for note in found.notes:
        say(f"note: {note}")
    for warning in report["warnings"]:
        say(f"warning: {warning}")
    if report["differences"]:
        table("Would change", CHANGES, _changes(report["differences"]))
    names = ("agencies", "programs", "changed", "unchanged")
    counts = ", ".join(f"{name} {report[name]}" for name in names)
    done = "applied" if report["applied"] else "dry run, nothing applied"
    say(f"{done}: {counts}, rejected {len(rejected)}; {_listed(report)}")


def _listed(report: Mapping[str, Any]) -> str:
    return f"statements {report['statements']}, documents listed anew {report['listed']}"


def _changes(differences: Iterable[Mapping[str, Any]]) -> Iterable[list[str]]:
    for one in differences:
        if not one["fields_changed"]:
            yield [one["thing"], one["id"], "(new)", "", ""]
        for change in one["fields_changed"]:
            before, after = (_short(change[name]) for name in ("before", "after"))
            yield [one["thing"], one["id"], change["name"], before, after]


def _short(text: str | None) -> str:
    said = "" if text is None else text
    return said if len(said) <= LONGEST_CELL else f"{said[:LONGEST_CELL]}..."


def _rejections(rejected: list[dict[str, Any]]) -> None:
    if rejected:
        table("Rejected", COLUMNS, [[entry.get(name) for name in COLUMNS] for entry in rejected])
