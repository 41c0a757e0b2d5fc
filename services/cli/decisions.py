"""`handoff decisions`: why a referral was put to one program and to no other."""

import json
from collections.abc import Mapping
from typing import Any, Final

import click

from services.cli import people
from services.cli.client import Client
from services.cli.options import calling_as, examples
from services.cli.screen import say, table

_LISTED: Final = ("decision", "attempt", "decided at", "answer", "chosen")
_TOLD: Final = ("program", "verdict", "places", "score", "km", "terms, questions, reasons")


@click.group("decisions")
def decisions_group() -> None:
    """Explain who was offered what, and why."""


@decisions_group.command(
    "list", epilog=examples("handoff decisions list 0192f0c1-8c1e-7a53-9d0e-0242ac120002")
)
@click.argument("referral", type=click.UUID)
@calling_as(people.COORDINATOR)
def list_(client: Client, *, referral: object) -> None:
    """List the decisions about a REFERRAL, oldest first."""
    rows = [
        (
            decision["decision_id"],
            decision["attempt"],
            decision["decided_at"],
            decision["answer"],
            ", ".join(choice["program_id"] for choice in decision["choices"]),
        )
        for decision in client.items("/v1/decisions", referral_id=referral)
    ]
    table(f"Decisions about {referral}", _LISTED, rows)


@decisions_group.command(
    "explain",
    epilog=examples(
        "handoff decisions explain 6f1d0f3e-3a51-5c39-b1a8-5f6e2a3c9d10",
        "handoff decisions explain 6f1d0f3e-3a51-5c39-b1a8-5f6e2a3c9d10 --json",
    ),
)
@click.argument("decision", type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="Print the answer of the API.")
@calling_as(people.COORDINATOR)
def explain(client: Client, *, decision: object, as_json: bool) -> None:
    """Print why a DECISION came out as it did, and what would have changed it."""
    found = client.get(f"/v1/decisions/{decision}")
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        _show(found)


def _show(found: Mapping[str, Any]) -> None:
    chosen = ", ".join(choice["program_id"] for choice in found["choices"]) or "no program"
    say(f"{found['answer']}: {chosen} (attempt {found['attempt']}, {found['decided_at']})")
    by = f"policy {found['policy']}" + (f", {found['rules']}" if found["rules"] else "")
    say(f"by {by}")
    if found["plan"] is not None:
        say(f"by plan {found['plan']} ({found['basis']})")
    if not found["considered"]:
        say("nothing more is kept: the person was erased, or no program is for this need")
        return
    table("Programs", _TOLD, [_row(one) for one in found["considered"]])
    if found["fitting"] is not None:
        say(f"{found['fitting']} programs would take the person")
    for ground, count in (found["eliminated"] or {}).items():
        say(f"- {ground}: {count} programs are out of the question")
    say(f"runner-up: {found['runner_up'] or 'none with a place'}")
    for change in found["changes"]:
        say(f"- {change['told']}")


def _row(one: Mapping[str, Any]) -> list[object]:
    terms = [f"{name} {points:+g}" for name, points in (one["terms"] or {}).items()]
    said = [*terms, *one["questions"], *one["doubts"], *one["told"]]
    verdict, free = one["verdict"], one["free"]
    return [one["program_id"], verdict, free, one["score"], one["distance_km"], ", ".join(said)]
