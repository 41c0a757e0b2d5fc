"""How much the topics hold, and how far a consumer group is behind their ends."""

from collections.abc import Sequence
from typing import Any

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import for_code


def lags(admin: KafkaAdminClient, group: str, topics: Sequence[str]) -> dict[TopicPartition, int]:
    """Records that the group has not committed, by partition.

    Raises the library's own error for a missing topic.
    """
    places = _places(admin, topics)
    read = admin.list_group_offsets({group: places})[group]
    done = {place: read[place].offset for place in places if place in read}
    ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
    # Nobody waits for what is no longer kept, whether it was read or not; never committed is -1.
    starts = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
    begins = {place: max(starts[place].offset, done.get(place, -1)) for place in places}
    return {place: max(0, ends[place].offset - begins[place]) for place in places}


def kept(admin: KafkaAdminClient, topics: Sequence[str]) -> int:
    """How many records the topics hold, whoever read them; raises as ``lags`` does."""
    places = _places(admin, topics)
    ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
    starts = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
    return sum(ends[place].offset - starts[place].offset for place in places)


def _places(admin: KafkaAdminClient, topics: Sequence[str]) -> list[TopicPartition]:
    return [
        TopicPartition(topic["name"], partition["partition_index"])
        for topic in admin.describe_topics(list(topics))
        for partition in _existing(topic)["partitions"]
    ]


def _existing(topic: dict[str, Any]) -> dict[str, Any]:
    if topic["error_code"]:
        raise for_code(topic["error_code"])(topic["name"])
    return topic
