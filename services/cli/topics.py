"""`handoff topics`: has the brokers hold the topics, and the rights on them, of the contract."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from contracts.topics import Service
from services.chassis.event_log import LogRefusedError, LogUnavailableError
from services.chassis.kafka import access
from services.chassis.kafka import settings as kafka
from services.chassis.kafka import topics as brokers
from services.chassis.kafka.settings import KafkaSettings
from services.chassis.settings import SettingError
from services.cli import settings
from services.cli.client import ClientError
from services.cli.options import examples
from services.cli.screen import say

RIGHT = "every topic is as in the contract"
principal_option = click.option(
    "--principal",
    "principals",
    multiple=True,
    metavar="SERVICE=USER",
    help="What the brokers call a service (default: a user named as the service is).",
)


@click.group("topics")
def topics_group() -> None:
    """Make and check the topics on Apache Kafka (a suite on SQLite needs none of it).

    HANDOFF_KAFKA_SERVERS names the brokers, HANDOFF_KAFKA_REPLICATION and HANDOFF_KAFKA_IN_SYNC
    how many copies they must keep, HANDOFF_KAFKA_USER who asks.
    """


@topics_group.command(
    epilog=examples(
        "handoff topics apply",
        "handoff topics apply --principal matcher=CN=matcher",
    )
)
@principal_option
def apply(principals: tuple[str, ...]) -> None:
    """Create missing topics, correct settings, and grant each service what its work needs.

    Rights are granted where the brokers keep a list of them. How many partitions and copies a
    topic has is never changed, for that is an operator's decision: the exit code is 1 where such a
    difference is left.
    """
    users, found = _users(principals), _settings()
    with _answering(found):
        report = brokers.apply(found)
        granted = access.grant_all(found, users)
    done = [f"created {name}" for name in report.created]
    done += [f"corrected {difference}" for difference in report.corrected]
    done += [f"granted {grant}" for grant in granted]
    left = [f"left {difference}" for difference in report.left]
    _tell([*done, *left] or [RIGHT])
    if left:
        raise ClientError(f"{len(left)} left: how many partitions and copies is yours to decide")


@topics_group.command(epilog=examples("handoff topics check"))
@principal_option
def check(principals: tuple[str, ...]) -> None:
    """Name every difference between the brokers and the contract, rights too; change nothing.

    The exit code is 1 where there is any.
    """
    users, found = _users(principals), _settings()
    with _answering(found):
        differences = [str(difference) for difference in brokers.check(found)]
        lacking = access.missing(found, users)
    wrong = [*differences, *(f"not granted {grant}" for grant in lacking)]
    _tell(wrong or [RIGHT])
    if wrong:
        raise ClientError(f"{len(wrong)} wrong: see handoff topics apply")


def _settings() -> KafkaSettings:
    settings.read()  # names a misspelt setting
    found = kafka.read()
    if found is None:
        raise SettingError("HANDOFF_KAFKA_SERVERS is missing: it must look like host:9092")
    return found


def _users(principals: Sequence[str]) -> dict[Service, str]:
    """The user of each service; raises UsageError for what is no SERVICE=USER."""
    users = {service: service.value for service in Service}
    for given in principals:
        service, _, user = given.partition("=")
        if service not in set(Service) or not user:
            known = ", ".join(Service)
            raise click.UsageError(f"--principal {given}: must be SERVICE=USER, SERVICE of {known}")
        users[Service(service)] = user
    return users


@contextmanager
def _answering(found: KafkaSettings) -> Iterator[None]:
    """Say in one line that the brokers are away, or refuse."""
    where = ", ".join(found.servers)
    try:
        yield
    except LogRefusedError as error:
        who = "HANDOFF_KAFKA_USER or HANDOFF_KAFKA_CERTIFICATE must name who may"
        raise ClientError(f"the brokers at {where} refuse this ({error}): {who}") from None
    except LogUnavailableError as error:
        raise ClientError(f"the brokers at {where} do not answer ({error})") from None


def _tell(lines: Sequence[str]) -> None:
    for line in lines:
        say(line)
