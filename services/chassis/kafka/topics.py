"""The topics as the brokers must hold them: made, checked and corrected from the contract."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import NoError, UnknownTopicOrPartitionError, for_code

from contracts.topics import TOPICS, Topic
from services.chassis.kafka.log import KafkaLog
from services.chassis.kafka.settings import KafkaSettings

REPLICATION: Final = "replication factor"
PARTITIONS: Final = "partitions"
_FIXED: Final = frozenset({PARTITIONS, REPLICATION})


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """Where a topic is not as it must be; ``found`` is None where the topic is missing."""

    topic: str
    setting: str
    wanted: str
    found: str | None

    @property
    def correctable(self) -> bool:
        """Whether ``apply`` can mend it.

        More partitions would part the messages of a key, and more replicas are a move of data:
        both are an operator's decision.
        """
        return self.found is None or self.setting not in _FIXED

    def __str__(self) -> str:
        """The difference in words."""
        found = "the topic is missing" if self.found is None else f"found {self.found}"
        return f"{self.topic}: {self.setting} must be {self.wanted}, {found}"


@dataclass(frozen=True, slots=True)
class TopicReport:
    """What ``apply`` made (topics), corrected, and could not correct."""

    created: tuple[str, ...]
    corrected: tuple[Difference, ...]
    left: tuple[Difference, ...]


def check(settings: KafkaSettings) -> list[Difference]:
    """Every difference between the brokers and the contract; raises LogUnavailableError."""
    with closing(KafkaLog(settings)) as log:
        return log.ask(lambda admin: _differences(admin, settings))


def apply(settings: KafkaSettings) -> TopicReport:
    """Create the missing topics and correct the settings of others; raises LogUnavailableError."""
    with closing(KafkaLog(settings)) as log:
        return log.ask(lambda admin: _apply(admin, settings))


def set_topic_configs(admin: KafkaAdminClient, changes: Mapping[str, Mapping[str, str]]) -> None:
    """Change settings of topics; what is not named stays."""
    kind = ConfigResourceType.TOPIC
    changed = [ConfigResource(kind, name, dict(new)) for name, new in changes.items()]
    # The library would ask for the names first, of a broker that may not know the topic yet.
    admin.alter_configs(changed, raise_on_unknown=False)


def _apply(admin: KafkaAdminClient, settings: KafkaSettings) -> TopicReport:
    found = _differences(admin, settings)
    missing = sorted({difference.topic for difference in found if difference.found is None})
    if missing:
        new = {name: _creation(TOPICS[name], settings) for name in missing}
        admin.create_topics(new, wait_for_metadata=True)
    others = [difference for difference in found if difference.found is not None]
    corrected = tuple(difference for difference in others if difference.correctable)
    changes: dict[str, dict[str, str]] = {}
    for difference in corrected:
        changes.setdefault(difference.topic, {})[difference.setting] = difference.wanted
    if changes:
        set_topic_configs(admin, changes)
    left = tuple(difference for difference in others if not difference.correctable)
    return TopicReport(tuple(missing), corrected, left)


def _differences(admin: KafkaAdminClient, settings: KafkaSettings) -> list[Difference]:
    shapes = {
        topic["name"]: topic["partitions"]
        for topic in admin.describe_topics(list(TOPICS))
        if _exists(topic)
    }
    configs = _topic_configs(admin, list(shapes))
    differences: list[Difference] = []
    for name, topic in TOPICS.items():
        found = _shape(shapes[name]) | configs[name] if name in shapes else {}
        differences += [
            Difference(name, setting, wanted, found.get(setting))
            for setting, wanted in _wanted(topic, settings).items()
            if found.get(setting) != wanted
        ]
    return sorted(differences)


def _exists(topic: dict[str, Any]) -> bool:
    """Whether a topic is there; one that we may not see may be there all the same."""
    fault = for_code(topic["error_code"])
    if fault not in {NoError, UnknownTopicOrPartitionError}:
        raise fault(topic["name"])
    return fault is NoError


def _topic_configs(admin: KafkaAdminClient, topics: Sequence[str]) -> dict[str, dict[str, str]]:
    """Every setting of existing topics, by topic and name."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    found = admin.describe_configs(asked, config_filter="all")["topic"] if asked else {}
    return {
        topic: {name: config["value"] for name, config in configs.items()}
        for topic, configs in found.items()
    }


def _shape(partitions: list[dict[str, Any]]) -> dict[str, str]:
    copies = {len(partition["replica_nodes"]) for partition in partitions}
    return {
        PARTITIONS: str(len(partitions)),
        REPLICATION: " and ".join(map(str, sorted(copies))),
    }


def _wanted(topic: Topic, settings: KafkaSettings) -> dict[str, str]:
    return {
        PARTITIONS: str(topic.partitions),
        REPLICATION: str(settings.replication),
        **_configs(topic, settings),
    }


def _configs(topic: Topic, settings: KafkaSettings) -> dict[str, str]:
    return {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "retention.ms": str(round(topic.retention.total_seconds() * 1000)),
        "min.insync.replicas": str(settings.in_sync),
        # A leader that was behind would drop what was acknowledged.
        "unclean.leader.election.enable": "false",
    }


def _creation(topic: Topic, settings: KafkaSettings) -> dict[str, Any]:
    return {
        "num_partitions": topic.partitions,
        "replication_factor": settings.replication,
        "configs": _configs(topic, settings),
    }
