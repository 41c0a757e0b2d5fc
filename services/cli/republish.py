"""`handoff republish`: rebuilds the outcome figures from the history of every referral."""

from collections.abc import Callable

import click

from services.cli import people
from services.cli.client import Client
from services.cli.options import calling_as, examples
from services.cli.screen import Meter, meter, say
from services.cli.settle import settle

BOUND_S = 3600.0


@click.command(epilog=examples("handoff republish"))
@calling_as(people.ADMIN)
def republish(client: Client) -> None:
    """Empty the outcome figures and count them again; ends when the last event is counted."""
    client.post("/v1/outcomes/rebuild")
    events = client.post("/v1/history/republish")["events"]
    with meter("republishing") as shown:
        settle(client, BOUND_S, _watch(shown, events))
    say(f"{events} events published again; the figures are rebuilt")


def _watch(shown: Meter, events: int) -> Callable[[int], None]:
    """Show how many of the events are through, from how many are still under way."""

    def watch(under_way: int) -> None:
        shown.show(max(events - under_way, 0), events, f"{under_way} under way")

    return watch
