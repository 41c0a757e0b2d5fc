"""`handoff directory check`: what a keeper of the directory should look after, and what to do."""

import json
from collections.abc import Mapping
from typing import Any, Final

import click

from services.cli import people
from services.cli.client import Client
from services.cli.options import calling_as, examples
from services.cli.screen import say, table

COLUMNS: Final = ("id", "name", "agency", "since")
SHOWN: Final = 20
# What is wrong, and what a keeper does about it.
ADVICE: Final = {
    "need_unserved": ("Needs that nobody serves", "find a provider, or map one that serves it"),
    "no_need": (
        "Services that no referral can reach",
        "name their needs in attributes or in the map, if they serve one",
    ),
    "no_statement": (
        "Programs that never stated their places: they are offered to nobody",
        "ask the agency, or bring statements in by `handoff capacity import`",
    ),
    "stale_statement": (
        "Statements of places that are too old to rely on",
        "ask the agency how many places it has today",
    ),
    "no_hours": ("Programs whose hours are not known", "ask when they open: they count as closed"),
    "no_phone": ("Programs without a telephone number", "ask for the line that takes handoffs"),
    "no_place": (
        "Programs without a place: they count as coming to the person",
        "name their place, unless they do come",
    ),
    "no_point": (
        "Places without a point: they count as far away",
        "look up latitude and longitude",
    ),
    "stale": ("Records that nobody confirmed for long", "ask the agency, and date the record"),
    "undated": ("Records that bear no date", "ask the feed for last_modified or assured_date"),
}


@click.command(
    "check",
    epilog=examples(
        "handoff directory check",
        "handoff directory check --record-days 90 --most 5000 --json",
    ),
)
@click.option(
    "--record-days",
    type=click.IntRange(1, 3650),
    default=180,
    show_default=True,
    help="How many days a record may go unconfirmed.",
)
@click.option(
    "--most",
    type=click.IntRange(1, 10_000),
    default=1000,
    show_default=True,
    help="How many findings of each trouble to ask for.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@calling_as(people.ADMIN)
def check(client: Client, *, record_days: int, most: int, as_json: bool) -> None:
    """Look the directory over: what is old, unknown, or reaches nobody."""
    report = client.get("/v1/directory/check", record_days=record_days, most=most)
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    for trouble, (title, advice) in ADVICE.items():
        count = report["counts"].get(trouble, 0)
        if count:
            found = [one for one in report["findings"] if one["trouble"] == trouble]
            table(f"{title}: {count}. To do: {advice}.", COLUMNS, map(_row, found[:SHOWN]))
            if count > SHOWN:
                say(f"... and {count - SHOWN} more: --json shows them")
    total = sum(report["counts"].values())
    say(f"{total} findings" if total else "nothing to look after")


def _row(finding: Mapping[str, Any]) -> list[Any]:
    since = finding["since"]
    return [finding["id"], finding["name"], finding["agency_id"], since and since[:10]]
