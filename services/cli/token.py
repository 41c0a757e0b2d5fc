"""`handoff token`: makes bearer tokens with the keys of a folder, and has them refused."""

from datetime import timedelta
from pathlib import Path

import click

from contracts.vocabulary import Role
from services.cli import people, settings
from services.cli.client import Client
from services.cli.options import calling_as, examples, home_option
from services.cli.screen import say

LONGEST_HOURS = 24


@click.group("token")
def token_group() -> None:
    """Make tokens for people and machines that call the API, and have them refused."""


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


@token_group.command(
    epilog=examples(
        "handoff token revoke nia",
        "handoff token revoke nia --agency rivermouth-crisis --for-ever",
        "handoff token revoke --token-id 5a6f0f6e-9a5e-4d3c-8f0d-6f6f2d1b7c11",
    )
)
@click.argument("subject", required=False)
@click.option("--agency", help="Of this agency alone.")
@click.option("--unit", help="Of this unit alone.")
@click.option("--token-id", help="One token alone, by its claim jti.")
@click.option("--for-ever", is_flag=True, help="Refuse what is issued later, too.")
@calling_as(people.ADMIN)
def revoke(  # noqa: PLR0913 - one argument for each option of the command line
    client: Client,
    *,
    subject: str | None,
    agency: str | None,
    unit: str | None,
    token_id: str | None,
    for_ever: bool,
) -> None:
    """Refuse every token of SUBJECT that was issued until now, in every service.

    Tokens issued half a minute later or more pass, unless it is for ever.
    """
    if (subject is None) is (token_id is None):
        raise click.UsageError("give a SUBJECT, or --token-id")
    named = {"subject": subject, "agency_id": agency, "unit_id": unit, "token_id": token_id}
    body = {name: value for name, value in named.items() if value is not None}
    ended = client.post("/v1/access/end", body | {"for_ever": for_ever})
    later = ", and whatever is issued later" if ended["for_ever"] and token_id is None else ""
    say(f"refused: {subject or token_id}, issued until {ended['ended_at']}{later}")
