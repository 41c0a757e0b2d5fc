"""One member of a consumer group on Apache Kafka."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, MemberToRemove
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from kafka.structs import MemberState, OffsetAndMetadata

from contracts.codec import Message
from services.chassis.event_log import LogRefusedError, LogUnavailableError, Record
from services.chassis.kafka.bounded import BoundedClient
from services.chassis.kafka.client import (
    CONSUMER,
    MARGIN_S,
    in_our_words,
    learn,
    made,
    ms,
)
from services.chassis.kafka.lag import lags
from services.chassis.kafka.settings import KafkaSettings

log = structlog.get_logger()
R = TypeVar("R")

_JOIN_S: Final = 5.0
# How long a broker may keep a question that it has no answer to. The library asks a broker for more
# only when it has answered: while records come, a backlog on some partitions would wait so long
# for news on the others; while none come, every question costs both sides.
_BUSY_MS: Final = 100
_CALM_MS: Final = 500
_BUSY_FOR_S: Final = 2.0
_REVOKED: Final = (
    CommitFailedError,
    IllegalGenerationError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)


class NotJoinedError(LogUnavailableError):
    """No coordinator lets us join the group now."""


class KafkaSubscription:
    """A static member of a group: after a crash, the same name takes its partitions up at once.

    Membership fences nothing (a paused member may handle a batch that another has): the inbox does.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        topics: tuple[str, ...],
        member: str,
        ask: Callable[[Callable[[KafkaAdminClient], Any]], Any],
    ) -> None:
        self.group = group
        self.member = member
        self._settings = settings
        self._topics = topics
        self._ask = ask
        self._ends: dict[tuple[str, int], int] = {}
        self._unsettled: dict[tuple[str, int], int] = {}
        self._share: frozenset[TopicPartition] = frozenset()
        self._busy_until = 0.0
        self._consumer = BoundedClient("kafka consumer", self._new_consumer, _end_consumer)

    def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        """The next records; joins the group first, then waits up to ``seconds`` for a record.

        Raises LogUnavailableError where the group's coordinator does not answer.
        """

        def poll(consumer: KafkaConsumer) -> list[Record]:
            joined = _join(consumer)
            # As of now, for any thread: the consumer itself is for this one alone.
            self._share = frozenset(consumer.assignment())
            if not joined:
                return []
            if self._unsettled:
                self._settle(consumer)
            busy = time.monotonic() < self._busy_until
            consumer._fetcher.config["fetch_max_wait_ms"] = _BUSY_MS if busy else _CALM_MS  # noqa: SLF001
            found = consumer.poll(timeout_ms=ms(seconds), max_records=max_records)
            if found:
                self._busy_until = time.monotonic() + _BUSY_FOR_S
            return [_incoming(record) for records in found.values() for record in records]

        try:
            return self._call("poll", poll, seconds + _JOIN_S)
        except NotJoinedError:
            self._consumer.drop()  # a new client finds a way more surely than one that lost it
            raise

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Remember the next offsets of the partitions that are still ours.

        Those that went to another member are left to it: it reads them again, and the inbox ignores
        them. Offsets never go back. Raises LogUnavailableError where the coordinator gives no
        answer in time.
        """
        self._unsettled |= {p: end for p, end in offsets.items() if end > self._ends.get(p, 0)}
        if not self._unsettled:
            return

        def settle(consumer: KafkaConsumer) -> None:
            # A new client has no share before it has joined: what is to be settled waits for that.
            if consumer.assignment():
                self._settle(consumer)

        try:
            self._call("commit", settle, 0)
        except LogRefusedError:
            raise  # a new client would take the name back from whoever has it now
        except LogUnavailableError:
            # A client that last looked round when one broker was left knows of no other, and asks
            # that one for ever, even if it is the one that has gone now.
            self._consumer.drop()
            raise

    def lag(self) -> int:
        """Records of the whole group that are not yet committed; any thread may ask."""
        return sum(self._lags().values())

    def owed(self) -> int:
        """Those of the partitions that were this member's own when it last polled."""
        share = self._share
        return sum(count for place, count in self._lags().items() if place in share)

    def close(self) -> None:
        """Leave the group, so that the others have the partitions at once."""
        if not self._consumer.made:
            return
        try:
            left = self._call("close", lambda consumer: consumer.group_metadata().member_id, 0)
            self._consumer.close(self._settings.answer_s)
            # The library lets a static member go without a word: the others would wait a session
            # long. Both its names are said, or else it could put out who took its place meanwhile.
            gone = MemberToRemove(member_id=left, group_instance_id=self.member)
            self._ask(lambda admin: admin.remove_group_members(self.group, [gone]))
        except LogUnavailableError as error:
            self._consumer.drop()
            log.info("left_without_saying", group=self.group, reason=str(error))

    def _settle(self, consumer: KafkaConsumer) -> None:
        ours = consumer.assignment()
        kept = {p: end for p, end in self._unsettled.items() if TopicPartition(*p) in ours}
        offsets = {TopicPartition(*p): OffsetAndMetadata(end, "", -1) for p, end in kept.items()}
        try:
            consumer.commit(offsets, timeout_ms=ms(self._settings.answer_s))
        except _REVOKED as error:
            # The group is being shared out anew: what stays ours is settled after that.
            log.info("commit_during_rebalance", group=self.group, reason=type(error).__name__)
        else:
            # Not those of others: whoever gets them back may have to read and commit them again.
            self._ends |= kept
            self._unsettled = {}

    def _lags(self) -> dict[TopicPartition, int]:
        found: dict[TopicPartition, int] = self._ask(
            lambda admin: lags(admin, self.group, self._topics)
        )
        return found

    def _call(self, what: str, work: Callable[[KafkaConsumer], R], seconds: float) -> R:
        with in_our_words(what):
            return self._consumer.call(work, seconds + self._settings.answer_s + MARGIN_S)

    def _new_consumer(self) -> KafkaConsumer:
        own = {
            "group_id": self.group,
            "group_instance_id": self.member,
            **CONSUMER,
            "partition_assignment_strategy": [CooperativeStickyAssignor],
            "fetch_max_wait_ms": _CALM_MS,
            "session_timeout_ms": ms(self._settings.session_s),
            # A heartbeat is also how a member learns that the partitions are shared out anew.
            "heartbeat_interval_ms": ms(min(1.0, self._settings.session_s / 5)),
        }
        consumer = made(KafkaConsumer, self._settings, own)
        try:
            learn(consumer, self._topics, self._settings.answer_s)
        except BaseException:
            _end_consumer(consumer)
            raise
        consumer.subscribe(self._topics)
        return consumer


def _join(consumer: KafkaConsumer) -> bool:
    """Whether the member has its share of the partitions; waits while the group is shared out."""
    # A join that ends between two polls is thrown away by the library, and begun again: with short
    # polls two members can go on so for ever. Hence one long wait, in nothing but the join.
    coordinator = consumer._coordinator  # noqa: SLF001
    # One that outlasts the wait is forgotten by the library where a change of the topics had led to
    # it: no heartbeat then, no commit, and no end. Asked for again, it is waited for.
    if coordinator.rebalance_in_progress():
        coordinator.request_rejoin()
    if coordinator.poll(timeout_ms=ms(_JOIN_S)):
        return True
    # The library goes on connecting to one that hangs, and does not ask who coordinates by now.
    connected = consumer._client.connected(coordinator.coordinator_id)  # noqa: SLF001
    if coordinator.state is not MemberState.REBALANCING or not connected:
        raise NotJoinedError("poll: the group's coordinator does not answer")
    return False


def _incoming(record: Any) -> Record:
    """Whatever stands there becomes a record: the inbox, not the reader, judges it."""
    headers = {name: value or b"" for name, value in record.headers}
    key = (record.key or b"").decode("utf-8", "replace")
    message = Message(record.topic, key, headers, record.value or b"")
    return Record(record.partition, record.offset, message)


def _end_consumer(consumer: KafkaConsumer) -> None:
    with suppress(KafkaError, RuntimeError):
        consumer.close(autocommit=False, timeout_ms=ms(MARGIN_S))
