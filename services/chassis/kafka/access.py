"""Who may do what on the brokers: a principal per service, and no more than its work needs."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
)

from contracts.topics import TOPICS, Consumer, Service
from services.chassis.kafka.log import KafkaLog
from services.chassis.kafka.settings import KafkaSettings


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A user may do an operation (READ, WRITE, DESCRIBE) on a TOPIC or GROUP of that name."""

    user: str
    operation: str
    kind: str
    name: str


def grants(users: Mapping[Service, str]) -> list[Grant]:
    """What each service's user needs: write its own topics, read those that it consumes.

    Everything else is for the access list to deny, which it does by default.
    """
    given = {
        Grant(users[topic.producer], operation, "TOPIC", topic.name)
        for topic in TOPICS.values()
        for operation in ("WRITE", "DESCRIBE")
    }
    for topic in TOPICS.values():
        for consumer in topic.consumers:
            user = users[owner_of(consumer)]
            for operation in ("READ", "DESCRIBE"):
                given.add(Grant(user, operation, "TOPIC", topic.name))
                given.add(Grant(user, operation, "GROUP", consumer.value))
    return sorted(given)


def grant_all(settings: KafkaSettings, users: Mapping[Service, str]) -> list[Grant]:
    """Put ``grants`` on the access list and return them.

    Raises LogUnavailableError; LogRefusedError where that is not ours to do.
    """
    given = grants(users)
    with closing(KafkaLog(settings)) as log:
        log.ask(lambda admin: _grant(admin, given))
    return given


def owner_of(consumer: Consumer) -> Service:
    """The service that runs a consumer: the first part of its name."""
    return Service(consumer.value.partition(".")[0])


def _grant(admin: KafkaAdminClient, grants: Sequence[Grant]) -> None:
    acls = [
        ACL(
            principal=f"User:{given.user}",
            host="*",
            operation=ACLOperation[given.operation],
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(ResourceType[given.kind], given.name),
        )
        for given in grants
    ]
    failed = admin.create_acls(acls)["failed"]
    if failed:
        raise failed[0]("the access list was not changed")
