"""`handoff policy activate|in-force`: which policy a running suite goes by, and by whom."""

from typing import Any, Final

import click

from services.cli import people
from services.cli.client import Client
from services.cli.options import calling_as, examples
from services.cli.policy_file import policy_named
from services.cli.screen import say, table
from services.matcher.domain.policy import policy_json

BASIS: Final = {
    "look_ahead": "a plan ahead: places may be held back for whoever is expected",
    "not_wanted": "the stated order, as the policy has it",
    "too_little_history": "today's places today, for want of history",
    "no_plan": "today's places today, because no plan was found",
    "stale_plan": "the stated order, because the newest plan is too old",
}
_PATIENCE_S: Final = 30.0


@click.command(
    "activate",
    epilog=examples(
        'handoff policy activate winter.toml --because "the winter shelter opens"',
        'handoff policy activate daily --because "spring: there is room"',
    ),
)
@click.argument("policy")
@click.option("--because", required=True, help="Why; it is kept beside your name.")
@calling_as(people.ADMIN, _PATIENCE_S)
def activate(client: Client, *, policy: str, because: str) -> None:
    """Have the running suite give places by POLICY from now on.

    POLICY is daily, ahead or a TOML file. Who did it, when and why is kept, and in the audit.
    """
    body = {"policy": policy_json(policy_named(policy)), "because": because}
    made = client.post("/v1/policies", body)
    say(f"in force: {made['policy']['version']}, activation {made['number']}")


@click.command("in-force", epilog=examples("handoff policy in-force"))
@calling_as(people.ADMIN, _PATIENCE_S)
def in_force(client: Client) -> None:
    """Print by which policy the running suite gives places, and on what."""
    found: dict[str, Any] = client.get("/v1/policies/in-force")
    activated, plan = found["activated"], found["plan"]
    rows = [["policy", found["policy"]["version"]], ["offers go by", BASIS[found["basis"]]]]
    if activated:
        rows.append(["since", f"{activated['activated_at']} by {activated['activated_by']}"])
        rows.append(["because", activated["because"]])
    if plan:
        said = f"number {plan['number']} of {plan['made_at']}, of {plan['asked']} who wait"
        rows.append(["newest plan", f"{said} {plan['offered']} offered, {plan['held']} held"])
    rows.append(["held back now", str(found["held"])])
    table("Capacity policy", ("", ""), rows)
