"""Who may do what on the brokers: a principal per service, and no more than its work needs."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.errors import SecurityDisabledError

from contracts.topics import TOPICS, Consumer, Service
from services.chassis.kafka.log import KafkaLog
from services.chassis.kafka.settings import KafkaSettings

_EVERY: Final = ACLFilter(
    principal=None,
    host=None,
    operation=ACLOperation.ANY,
    permission_type=ACLPermissionType.ANY,
    resource_pattern=ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
)


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A user may do an operation (READ, WRITE, DESCRIBE) on a TOPIC or GROUP of that name."""

    user: str
    operation: str
    kind: str
    name: str

    def __str__(self) -> str:
        """The grant in words."""
        return f"{self.user}: {self.operation} {self.kind} {self.name}"


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


def missing(settings: KafkaSettings, users: Mapping[Service, str]) -> list[Grant]:
    """What of ``grants`` is not on the access list; nothing where the brokers keep no list.

    Raises LogUnavailableError; LogRefusedError where that is not ours to see.
    """
    with closing(KafkaLog(settings)) as log:
        return log.ask(lambda admin: _missing(admin, users))


def grant_all(settings: KafkaSettings, users: Mapping[Service, str]) -> list[Grant]:
    """Put what is ``missing`` on the access list and return it.

    Raises LogUnavailableError; LogRefusedError where that is not ours to do.
    """

    def grant(admin: KafkaAdminClient) -> list[Grant]:
        lacking = _missing(admin, users)
        failed = admin.create_acls([_acl(each) for each in lacking])["failed"] if lacking else []
        if failed:
            raise failed[0]("the access list was not changed")
        return lacking

    with closing(KafkaLog(settings)) as log:
        return log.ask(grant)


def owner_of(consumer: Consumer) -> Service:
    """The service that runs a consumer: the first part of its name."""
    return Service(consumer.value.partition(".")[0])


def _missing(admin: KafkaAdminClient, users: Mapping[Service, str]) -> list[Grant]:
    try:
        kept, _ = admin.describe_acls(_EVERY)
    except SecurityDisabledError:
        return []
    return [grant for grant in grants(users) if _acl(grant) not in kept]


def _acl(grant: Grant) -> ACL:
    return ACL(
        principal=f"User:{grant.user}",
        host="*",
        operation=ACLOperation[grant.operation],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(ResourceType[grant.kind], grant.name),
    )
