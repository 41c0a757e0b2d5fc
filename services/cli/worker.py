"""`handoff worker`: the processes of a service that work beside its web process."""

import sys
from collections.abc import Callable, Collection
from typing import Final

import click

from contracts.topics import Service
from services.chassis.service import Task
from services.cli import settings
from services.cli.options import examples
from services.matcher import worker as matcher
from services.notifier import worker as notifier
from services.referral_api import worker as referral_api

RUN: Final[dict[Service, Callable[[Collection[Task]], int]]] = {
    Service.REFERRAL_API: referral_api.run,
    Service.MATCHER: matcher.run,
    Service.NOTIFIER: notifier.run,
}


@click.command(
    epilog=examples(
        "handoff worker matcher",
        "handoff worker referral_api --only relay",
        "HANDOFF_PORT=8011 handoff worker notifier --only consumers --only jobs",
    )
)
@click.argument("service", type=click.Choice([each.value for each in Service]))
@click.option(
    "--only",
    "tasks",
    type=click.Choice([each.value for each in Task]),
    multiple=True,
    help="This task alone; may be given again (default: all three).",
)
def worker(service: str, tasks: tuple[str, ...]) -> None:
    """Run the relay, the consumers and the jobs of SERVICE on PostgreSQL and Kafka.

    The relay sends the events that the service has stored, the consumers handle those of the
    others, the jobs do what time brings. Any number of processes may run: of the relays and of the
    jobs one acts and the others stand by, consumers share the work. Each answers /livez, /readyz
    and /metrics on HANDOFF_HOST and HANDOFF_PORT. SIGTERM ends it when what is under way is done;
    it ends by itself, with exit code 1, where another process has to take its place.
    """
    settings.read()
    sys.exit(RUN[Service(service)]([Task(task) for task in tasks or Task]))
