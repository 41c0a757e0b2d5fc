"""`handoff parked`: shows the keys that wait for a human, and has them handled again."""

import click

from contracts.topics import TOPICS, Consumer
from services.cli import people
from services.cli.client import Client
from services.cli.options import calling_as, examples
from services.cli.screen import say, table

PARKED = ("consumer", "topic", "key", "seq", "reason", "at")
LOST = ("consumer", "topic", "partition", "offset", "reason", "at")


@click.group("parked")
def parked_group() -> None:
    """Look after events that could not be handled; everything else goes on beside them."""


@parked_group.command("list", epilog=examples("handoff parked list"))
@calling_as(people.ADMIN)
def list_(client: Client) -> None:
    """List parked keys with their reasons, and records that no code could read."""
    answer = client.get("/ops/parked")
    if not answer["parked"] and not answer["quarantined"]:
        say("nothing is parked, nothing is quarantined")
    for title, columns in (("parked", PARKED), ("quarantined", LOST)):
        rows = [[entry.get(name) for name in columns] for entry in answer[title]]
        if rows:
            table(title.capitalize(), columns, rows)


@parked_group.command(
    epilog=examples(
        "handoff parked redrive --all",
        "handoff parked redrive --consumer matcher --topic referral.lifecycle --key KEY",
    )
)
@click.option("--all", "everything", is_flag=True, help="Every parked key.")
@click.option("--consumer", type=click.Choice([each.value for each in Consumer]), help="Whose key.")
@click.option("--topic", type=click.Choice(sorted(TOPICS)), help="Where it is parked.")
@click.option("--key", help="The key, as `parked list` shows it.")
@calling_as(people.ADMIN)
def redrive(
    client: Client, *, everything: bool, consumer: str | None, topic: str | None, key: str | None
) -> None:
    """Handle parked keys again, once their cause is mended."""
    one = {"consumer": consumer, "topic": topic, "key": key}
    if everything == all(one.values()) or (everything and any(one.values())):
        raise click.UsageError("give --all, or --consumer, --topic and --key")
    names = ("consumer", "topic", "key")
    parked = client.get("/ops/parked")["parked"] if everything else [one]
    for entry in parked:
        body = {name: entry[name] for name in names}
        handled = client.post("/ops/parked/redrive", body)["handled"]
        say(f"{body['consumer']} {body['topic']} {body['key']}: {handled} handled")
    if not parked:
        say("nothing is parked")
