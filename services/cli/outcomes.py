"""`handoff outcomes`: prints what came of the referrals, as the outcomes API answers it."""

from typing import Final

import click

from services.cli import people
from services.cli.client import Client
from services.cli.figures import show_funnel, show_summary
from services.cli.options import calling_as, examples

DIMENSIONS: Final = (
    *("sector", "agency", "urgency", "entry_door", "language", "age_band"),
    "handoff",
)


@click.command(
    epilog=examples(
        "handoff outcomes",
        "handoff outcomes --by agency --from 2026-01 --to 2026-03",
    )
)
@click.option("--from", "first", help="First month, such as 2026-01 (default: the beginning).")
@click.option("--to", "last", help="Last month, itself included (default: the present one).")
@click.option(
    "--by", type=click.Choice(DIMENSIONS), default="sector", show_default=True, help="Groups."
)
@calling_as(people.MANAGER)
def outcomes(client: Client, *, first: str | None, last: str | None, by: str) -> None:
    """Print the funnel, and counts, rates and times by group; every figure with its meaning."""
    show_funnel(client.get("/v1/outcomes/funnel", from_=first, to=last))
    show_summary(client.get("/v1/outcomes/summary", from_=first, to=last, by=by))
