"""Every topic: who produces and consumes it, its key, partitions, retention and compaction."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from contracts.events import access, directory, lifecycle, routing, tallies
from contracts.events.event import event_types


class Service(StrEnum):
    """The services that speak on topics."""

    REFERRAL_API = "referral_api"
    MATCHER = "matcher"
    NOTIFIER = "notifier"


class Consumer(StrEnum):
    """Each consumer reads its topics once, in order, with an inbox of its own."""

    REFERRAL_API = "referral_api"
    MATCHER = "matcher"
    NOTICES = "notifier.notices"
    OUTCOMES = "notifier.outcomes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """``key`` says in words what a message is keyed by; compacted topics have no gap rule."""

    name: str
    producer: Service
    consumers: frozenset[Consumer]
    key: str
    partitions: int = 6
    retention: timedelta = timedelta(days=30)
    compacted: bool = False

    @property
    def events(self) -> tuple[str, ...]:
        """The CloudEvents types that may appear on this topic."""
        return tuple(sorted(t.name for t in event_types().values() if self.name in t.topics))


_ROUTING = (
    Topic(
        name=name,
        producer=Service.MATCHER,
        consumers=frozenset({Consumer.REFERRAL_API}),
        key="referral id",
    )
    for name in routing.TOPICS
)

TOPICS: Final[dict[str, Topic]] = {
    topic.name: topic
    for topic in (
        Topic(
            name=lifecycle.TOPIC,
            producer=Service.REFERRAL_API,
            consumers=frozenset({Consumer.MATCHER, Consumer.NOTICES, Consumer.OUTCOMES}),
            key="referral id",
        ),
        *_ROUTING,
        Topic(
            name=directory.TOPIC,
            producer=Service.MATCHER,
            consumers=frozenset({Consumer.REFERRAL_API, Consumer.NOTICES}),
            key="program id",
            compacted=True,
        ),
        Topic(
            name=tallies.TOPIC,
            producer=Service.REFERRAL_API,
            consumers=frozenset({Consumer.OUTCOMES}),
            key="unit id",
        ),
        Topic(
            name=tallies.OF_MATCHER,
            producer=Service.MATCHER,
            consumers=frozenset({Consumer.OUTCOMES}),
            key="unit id",
        ),
        # The notifier itself, which keeps the staff, refuses at once.
        Topic(
            name=access.TOPIC,
            producer=Service.NOTIFIER,
            consumers=frozenset({Consumer.REFERRAL_API, Consumer.MATCHER}),
            key="access id",
            compacted=True,
        ),
    )
}


def topics_of(consumer: Consumer) -> tuple[str, ...]:
    """The topics that a consumer reads, by name."""
    return tuple(sorted(t.name for t in TOPICS.values() if consumer in t.consumers))
