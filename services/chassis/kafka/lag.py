"""How far a consumer group is behind the ends of its topics, asked of the brokers."""

from collections.abc import Sequence
from typing import Any

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import for_code


def lag(admin: KafkaAdminClient, group: str, topics: Sequence[str]) -> int:
    """Records that the group has not committed; the library's own error for a missing topic."""
    places = [
        TopicPartition(topic["name"], partition["partition_index"])
        for topic in admin.describe_topics(list(topics))
        for partition in _existing(topic)["partitions"]
    ]
    read = admin.list_group_offsets({group: places})[group]
    done = {place: read[place].offset for place in places if place in read}
    ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
    # A place that was never committed (-1) counts from the oldest record that is still kept.
    new = [place for place in places if done.get(place, -1) < 0]
    starts = admin.list_partition_offsets(dict.fromkeys(new, OffsetSpec.EARLIEST))
    done |= {place: start.offset for place, start in starts.items()}
    return sum(max(0, ends[place].offset - done[place]) for place in places)


def _existing(topic: dict[str, Any]) -> dict[str, Any]:
    if topic["error_code"]:
        raise for_code(topic["error_code"])(topic["name"])
    return topic
