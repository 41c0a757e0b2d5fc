"""`handoff referrals`: submits a spreadsheet of past or paper referrals through the API."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from services.cli import map_file, people, settings, sheet
from services.cli.client import Client, ClientError
from services.cli.import_secret import secret_for
from services.cli.importing import Importer, Result
from services.cli.options import client_for, examples, home_option, token_option, url_option
from services.cli.report import sent_before, write
from services.cli.screen import meter, say, table
from services.cli.sheet import SheetError
from services.cli.standing import COUNTED, standing


@click.group("referrals")
def referrals_group() -> None:
    """Bring referrals from elsewhere into the suite."""


@referrals_group.command(
    "import",
    epilog=examples(
        "handoff referrals import log.csv --map log.map.toml --unit central",
        "handoff referrals import log.csv --map log.map.toml --unit academy --follow",
        "handoff referrals import log.csv --map log.map.toml --report report.csv",
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--map",
    "map_path",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What the columns mean (TOML).",
)
@click.option(
    "--unit", default="central", show_default=True, help="Unit of the submitting officer."
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what became of every row (CSV). Rows that it names as sent are not sent again.",
)
@click.option("--follow", is_flag=True, help="Wait until every row has its answer, and count them.")
@click.option(
    "--coordinator-token",
    envvar=settings.COORDINATOR_TOKEN,
    help="For --follow (default: one made with the keys of the folder).",
)
@home_option
@token_option
@url_option
def import_(  # noqa: PLR0913 - one argument for each option of the command line
    *,
    file: Path,
    map_path: Path,
    unit: str,
    report: Path | None,
    follow: bool,
    coordinator_token: str | None,
    url: str | None,
    token: str | None,
    home: Path | None,
) -> None:
    """Submit every row of FILE, a CSV sheet, as the map says.

    A row sent before is recognised and not sent twice, so a broken import is simply run again:
    within seven days by itself, for ever with the same --report.
    Imported referrals notify nobody. The exit code is 1 where a row failed that the map
    meant to send.
    """
    mapping = map_file.read(map_path)
    rows = sheet.read(file, mapping.sheet["delimiter"], mapping.sheet["encoding"])
    missing = sorted(mapping.needed() - set(rows.columns))
    if missing:
        raise SheetError(f"{file} lacks columns that the map names: {', '.join(missing)}")
    before, actor = sent_before(report), people.officer(unit, f"import@{unit}")
    with client_for(actor, url, token, home) as officer:
        secret = secret_for(settings.read(home), report)
        results = _submit(Importer(mapping, officer, secret, before), rows)
    _conclude(results, report)
    if follow:
        with client_for(people.COORDINATOR, url, coordinator_token, home) as coordinator:
            _follow(coordinator, unit, results)
    _fail_for(results)


def _submit(importer: Importer, rows: sheet.Sheet) -> list[Result]:
    results = [Result(fault.line, "", "failed", fault.reason) for fault in rows.faults]
    with meter("submitting") as shown:
        for done, row in enumerate(rows.rows, 1):
            results.append(importer.submit(row))
            shown.show(done, len(rows.rows), f"line {row.line}")
    return sorted(results, key=lambda result: result.line)


def _conclude(results: list[Result], report: Path | None) -> None:
    """Print the counts and every row that was not sent, by reason; write the report."""
    refused = [result for result in results if result.refused]
    reasons = sorted({result.reason for result in refused})
    rows = [[reason, *_lines(r.line for r in refused if r.reason == reason)] for reason in reasons]
    if rows:
        table("Rows refused", ("reason", "rows", "lines"), rows)
    counted = {
        name: sum(result.result == name for result in results)
        for name in ("submitted", "tallied", "refused", "failed")
    }
    say(f"{len(results)} rows: " + ", ".join(f"{n} {name}" for name, n in counted.items()))
    if report is not None:
        write(report, results)
        say(f"report: {report}")


def _lines(lines: Iterable[int]) -> tuple[int, str]:
    """How many lines, and which: 3-7, 12."""
    spans: list[list[int]] = []
    count = 0
    for line in lines:
        count += 1
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    named = (str(a) if a == b else f"{a}-{b}" for a, b in spans)
    return count, ", ".join(named)


def _follow(coordinator: Client, unit: str, results: list[Result]) -> None:
    """Wait for the matcher, then show that every row is accounted for."""
    sent = {result.referral_id for result in results if result.referral_id}
    with meter("placing") as shown:
        states = standing(coordinator, unit, sent, shown)
    rows: list[list[Any]] = [[name, states.pop(name, 0)] for name in COUNTED]
    rows += [[state, count] for state, count in sorted(states.items())]
    rows.append(["tallies (offered, said no)", sum(r.result == "tallied" for r in results)])
    rows.append(["refused rows", sum(result.refused for result in results)])
    rows.append(["all rows", sum(row[1] for row in rows)])
    table("Where the rows stand", ("state", "rows"), rows)
    if rows[-1][1] != len(results):
        raise ClientError(f"{len(results)} rows were read, but {rows[-1][1]} are accounted for")


def _fail_for(results: list[Result]) -> None:
    failed = sum(result.result == "failed" for result in results)
    if failed:
        raise ClientError(f"{failed} rows could not be submitted: mend them and import again")
