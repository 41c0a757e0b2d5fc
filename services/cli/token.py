"""`handoff token`: makes bearer tokens with the keys of a suite's folder."""

from datetime import timedelta
from pathlib import Path

import click

from contracts.vocabulary import Role
from services.cli import people, settings
from services.cli.options import examples, home_option

LONGEST_HOURS = 24


@click.group("token")
def token_group() -> None:
    """Make tokens for people and machines that call the API."""


@token_group.command(
    epilog=examples(
        "handoff token create --role officer --unit central",
        "handoff token create --role partner --agency rivermouth-crisis --hours 8",
        "export HANDOFF_TOKEN=$(handoff token create --role admin)",
    )
)
@click.option(
    "--role",
    type=click.Choice([each.value for each in Role]),
    required=True,
    help="What the caller is.",
)
@click.option("--agency", help="Agency of a partner.")
@click.option("--unit", help="Unit of an officer.")
@click.option(
    "--hours",
    type=click.FloatRange(0, LONGEST_HOURS, min_open=True),
    default=12.0,
    show_default=True,
    help="How long the token lives.",
)
@click.option(
    "--subject",
    help="Who the caller is, as the audit shows it "
    "(default: officer@UNIT, desk@AGENCY, else the role).",
)
@home_option
def create(  # noqa: PLR0913 - one argument for each option of the command line
    *,
    role: str,
    agency: str | None,
    unit: str | None,
    hours: float,
    subject: str | None,
    home: Path | None,
) -> None:
    """Print a token, signed with the keys of the folder and dated by its clock."""
    actor = people.named(Role(role), subject, agency_id=agency, unit_id=unit)
    signed = people.sign_in(settings.read(home), timedelta(hours=hours))
    click.echo(signed(actor)())
