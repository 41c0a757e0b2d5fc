"""The EventLog port: append messages, and read them in groups that remember how far they are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from contracts.codec import Message


class LogUnavailableError(Exception):
    """The event log does not answer now; nothing was acknowledged, try again."""


class LogRefusedError(LogUnavailableError):
    """The log refuses us: password, access list, or another member took our name.

    Time alone mends none of these, so a worker should rather end than try for ever.
    """


@dataclass(frozen=True, slots=True)
class Record:
    """A message with its place in the log."""

    partition: int
    offset: int
    message: Message


class Subscription(Protocol):
    """One member of a consumer group."""

    def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        """The next records of the assigned partitions, in order per partition; may be none."""

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Remember the next offset to read, per (topic, partition)."""

    def lag(self) -> int:
        """How many records of the group's partitions lie beyond what was committed."""

    def owed(self) -> int:
        """The same of the partitions that are this member's own; any thread may ask."""

    def close(self) -> None:
        """Leave the group."""


class EventLog(Protocol):
    """Durable topics; order holds within a partition, a key always meets the same one."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Append, and return once all are durable; raises LogUnavailableError."""

    def subscribe(self, group: str, topics: Sequence[str], member: str) -> Subscription:
        """Join a group; a new group starts at the earliest record."""

    def lag(self, group: str, topics: Sequence[str]) -> int:
        """How many records of the topics a group has not committed; nobody need be a member."""

    def ping(self) -> None:
        """Raise LogUnavailableError where the log does not answer."""

    def close(self) -> None:
        """Let go of every resource."""


def by_place(batch: Iterable[Record]) -> dict[tuple[str, int], int]:
    """The next offset to commit per (topic, partition) after a batch."""
    ends: dict[tuple[str, int], int] = defaultdict(int)
    for record in batch:
        place = (record.message.topic, record.partition)
        ends[place] = max(ends[place], record.offset + 1)
    return dict(ends)
