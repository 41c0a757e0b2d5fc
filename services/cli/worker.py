"""`handoff worker`: the processes of a service that work beside its web process."""

import sys
from importlib import import_module

import click

from contracts.topics import Service
from services.chassis.service import Task
from services.cli import settings
from services.cli.options import examples


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
    # Of the three services this process needs the one.
    run = import_module(f"services.{service}.worker").run
    sys.exit(run([Task(task) for task in tasks or Task]))
