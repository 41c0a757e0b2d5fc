"""`handoff capacity`: an agency states how many places its programs have, from a CSV file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from services.cli import people, sheet
from services.cli.client import Client, ClientError
from services.cli.options import client_for, examples, home_option, token_option, url_option
from services.cli.screen import say, table
from services.cli.sheet import Row, SheetError

COLUMNS: Final = ("line", "program", "reason")
NEEDED: Final = ("program_id", "available")
KNOWN: Final = (*NEEDED, "maximum", "as_of", "accepted_counted")
_FLAGS: Final = {"true": True, "yes": True, "false": False, "no": False}


@click.group("capacity")
def capacity_group() -> None:
    """State how many places programs have."""


@capacity_group.command(
    "import",
    epilog=examples(
        "handoff capacity import beds.csv --agency lantern-wharf",
        "handoff capacity import beds.csv --token $TOKEN --url https://handoff.example.org",
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--agency", help="Which agency states it, where the folder's own keys sign.")
@home_option
@token_option
@url_option
def import_(
    file: Path, *, agency: str | None, url: str | None, token: str | None, home: Path | None
) -> None:
    """State the places of programs from FILE, a CSV file with program_id and available.

    It may have maximum, as_of (a moment with its zone; else now) and accepted_counted (true or
    false). All rows are taken, or none; a row that says what stands already changes nothing, and
    one that is older than what stands is left out.
    """
    if token is None and agency is None:
        raise click.UsageError("Name the agency (--agency), or give its token (--token).")
    rows, statements = _read(file)
    with client_for(people.partner(agency or ""), url, token, home) as client:
        report = _send(client, rows, statements)
    for program in report["older"]:
        say(f"left out: {program}: what stands is newer")
    counts = ", ".join(f"{name} {len(report[name])}" for name in ("stated", "unchanged", "older"))
    say(f"applied: {counts}")


def _read(file: Path) -> tuple[list[Row], list[dict[str, Any]]]:
    """The rows and what they state; raises ClientError after naming every row that is wrong."""
    found = sheet.read(file)
    lacks = [name for name in NEEDED if name not in found.columns]
    strange = [name for name in found.columns if name not in KNOWN]
    if lacks or strange:
        said = [f"lacks the column {name}" for name in lacks]
        said += [f"column {name} is not known; known: {', '.join(KNOWN)}" for name in strange]
        raise SheetError(f"{file}: {'; '.join(said)}")
    wrong = [[fault.line, None, fault.reason] for fault in found.faults]
    statements = []
    for row in found.rows:
        try:
            statements.append(_statement(row.cells))
        except ValueError as error:
            wrong.append([row.line, row.cells["program_id"], str(error)])
    if wrong:
        _refuse(wrong)
    return found.rows, statements


def _statement(cells: Mapping[str, str]) -> dict[str, Any]:
    """What a row states; raises ValueError."""
    made: dict[str, Callable[[str, str], Any]] = {
        "program_id": lambda _, text: text,
        "as_of": lambda _, text: text,
        "available": _whole,
        "maximum": _whole,
        "accepted_counted": _flag,
    }
    for name in NEEDED:
        if not cells[name]:
            raise ValueError(f"{name}: must not be blank")
    return {name: made[name](name, text) for name, text in cells.items() if text}


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len("100000")):
        raise ValueError(f"{name}: must be a whole number from 0 to 100000")
    return int(text)


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise ValueError(f"{name}: must be true or false")
    return _FLAGS[text.lower()]


def _send(client: Client, rows: list[Row], statements: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer; raises ClientError after naming the rows that the suite does not take."""
    try:
        report: dict[str, Any] = client.post("/v1/capacity-statements", {"statements": statements})
    except ClientError as error:
        named = error.problem.get("errors", {}).get("statements")
        if not isinstance(named, dict) or not all(str(key).isdecimal() for key in named):
            raise
        _refuse([_refused(rows[int(key)], why) for key, why in named.items()])
    return report


def _refused(row: Row, why: Mapping[str, list[str]]) -> list[Any]:
    said = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in why.items())
    return [row.line, row.cells["program_id"], said]


def _refuse(wrong: list[list[Any]]) -> None:
    table("Rejected", COLUMNS, wrong)
    raise ClientError(f"{len(wrong)} rows rejected, nothing stated")
