"""The embedded EventLog: topics in one SQLite file, for a suite that runs in one process."""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    select,
    true,
    tuple_,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from contracts.codec import Message
from contracts.topics import TOPICS
from services.chassis.columns import Json, UtcDateTime, insert
from services.chassis.database import Database
from services.chassis.event_log import LogUnavailableError, Record

metadata = MetaData()

records = Table(
    "records",
    metadata,
    Column("topic", String(64), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", Integer, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("headers", Json, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

group_offsets = Table(
    "group_offsets",
    metadata,
    Column("group", String(64), primary_key=True),
    Column("topic", String(64), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", Integer, nullable=False),
)


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key: the same for ever, whatever process asks."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % partitions


class EmbeddedLog:
    """Topics in a SQLite file; groups live in this process, their offsets in the file."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._news = threading.Condition()
        self._members: dict[str, list[EmbeddedSubscription]] = {}
        metadata.create_all(database.engine)

    def publish(self, messages: Sequence[Message]) -> None:
        """Append in one durable transaction."""
        try:
            with self._database.transaction() as session:
                self._append(session, messages)
        except SQLAlchemyError as error:
            raise LogUnavailableError(type(error).__name__) from error
        with self._news:
            self._news.notify_all()

    def subscribe(
        self, group: str, topics: Sequence[str], member: str
    ) -> "EmbeddedSubscription":
        """Join a group; the partitions are shared out anew among its members."""
        subscription = EmbeddedSubscription(self, group, tuple(topics), member)
        with self._news:
            self._members.setdefault(group, []).append(subscription)
            self._share_out(group)
        return subscription

    def ping(self) -> None:
        """Raise where the file does not answer."""
        try:
            self._database.ping()
        except SQLAlchemyError as error:
            raise LogUnavailableError(type(error).__name__) from error

    def prune(self) -> int:
        """Delete what is past its topic's retention; compacted topics keep each key's newest."""
        removed = 0
        with self._database.transaction() as session:
            for topic in TOPICS.values():
                removed += _prune_topic(
                    session, topic.name, self._now() - topic.retention
                )
        return removed

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def leave(self, subscription: "EmbeddedSubscription") -> None:
        """Give a member's partitions to the others."""
        with self._news:
            members = self._members.get(subscription.group, [])
            if subscription in members:
                members.remove(subscription)
                self._share_out(subscription.group)

    def read(
        self, group: str, starts: Mapping[tuple[str, int], int], most: int
    ) -> list[Record]:
        """Records from the given places, or from the group's offsets where none is given."""
        found: list[Record] = []
        with self._database.transaction() as session:
            committed = _offsets(session, group)
            for place, start in starts.items():
                begin = max(start, committed.get(place, 0))
                found += _read(session, place, begin, most - len(found))
                if len(found) >= most:
                    break
        return found

    def commit(self, group: str, offsets: Mapping[tuple[str, int], int]) -> None:
        """Store the group's next offsets; they never go back."""
        rows = [
            {"group": group, "topic": topic, "partition": part, "offset": offset}
            for (topic, part), offset in sorted(offsets.items())
        ]
        with self._database.transaction() as session:
            add = insert(session, group_offsets)
            newer = add.excluded.offset > group_offsets.c.offset
            session.execute(
                add.on_conflict_do_update(
                    index_elements=["group", "topic", "partition"],
                    set_={"offset": add.excluded.offset},
                    where=newer,
                ),
                rows,
            )

    def lag(self, group: str, topics: Sequence[str]) -> int:
        """Records beyond the group's committed offsets."""
        with self._database.transaction() as session:
            committed = _offsets(session, group)
            ends = session.execute(
                select(
                    records.c.topic, records.c.partition, func.max(records.c.offset) + 1
                )
                .where(records.c.topic.in_(topics))
                .group_by(records.c.topic, records.c.partition)
            )
            return sum(
                max(0, end - committed.get((topic, part), 0))
                for topic, part, end in ends
            )

    def wait_for_news(self, seconds: float) -> None:
        """Return when something was published, or after the seconds."""
        with self._news:
            self._news.wait(seconds)

    def _append(self, session: Session, messages: Sequence[Message]) -> None:
        now, ends = self._now(), _ends(session)
        rows: list[dict[str, Any]] = []
        for message in messages:
            place = (
                message.topic,
                partition_of(message.key, TOPICS[message.topic].partitions),
            )
            ends[place] = ends.get(place, -1) + 1
            headers = {
                name: value.decode("latin-1") for name, value in message.headers.items()
            }
            rows.append(
                {
                    "topic": place[0],
                    "partition": place[1],
                    "offset": ends[place],
                    "key": message.key,
                    "headers": headers,
                    "value": message.value,
                    "at": now,
                }
            )
        session.execute(records.insert(), rows)

    def _share_out(self, group: str) -> None:
        members = self._members[group]
        for number, member in enumerate(members):
            member.assign(number, len(members))


class EmbeddedSubscription:
    """One member of a group; reads only the partitions that are its own."""

    def __init__(
        self, log: EmbeddedLog, group: str, topics: tuple[str, ...], member: str
    ) -> None:
        self.group = group
        self.member = member
        self._log = log
        self._topics = topics
        self._places: dict[tuple[str, int], int] = {}

    def assign(self, number: int, of: int) -> None:
        """Own every partition whose turn is ``number`` of ``of``; unread ones start at commit."""
        places = [(t, p) for t in self._topics for p in range(TOPICS[t].partitions)]
        own = [place for turn, place in enumerate(places) if turn % of == number]
        self._places = {place: self._places.get(place, 0) for place in own}

    def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        """The next records; waits up to ``seconds`` for the first."""
        found = self._read(max_records)
        if not found and seconds > 0:
            until = time.monotonic() + seconds
            while not found and (left := until - time.monotonic()) > 0:
                self._log.wait_for_news(left)
                found = self._read(max_records)
        return found

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Remember the next offsets for the whole group."""
        if offsets:
            self._log.commit(self.group, offsets)

    def lag(self) -> int:
        """Records of the whole group that are not yet committed."""
        return self._log.lag(self.group, self._topics)

    def close(self) -> None:
        """Leave the group."""
        self._log.leave(self)

    def _read(self, most: int) -> list[Record]:
        found = self._log.read(self.group, dict(self._places), most)
        for record in found:
            place = (record.message.topic, record.partition)
            if place in self._places:
                self._places[place] = record.offset + 1
        return found


def _ends(session: Session) -> dict[tuple[str, int], int]:
    query = select(records.c.topic, records.c.partition, func.max(records.c.offset))
    rows = session.execute(query.group_by(records.c.topic, records.c.partition))
    return {(topic, part): end for topic, part, end in rows}


def _offsets(session: Session, group: str) -> dict[tuple[str, int], int]:
    rows = session.execute(select(group_offsets).where(group_offsets.c.group == group))
    return {(row.topic, row.partition): row.offset for row in rows}


def _read(
    session: Session, place: tuple[str, int], begin: int, most: int
) -> list[Record]:
    query = (
        select(records)
        .where(records.c.topic == place[0], records.c.partition == place[1])
        .where(records.c.offset >= begin)
        .order_by(records.c.offset)
        .limit(most)
    )
    return [
        Record(
            row.partition,
            row.offset,
            Message(row.topic, row.key, _headers(row), row.value),
        )
        for row in session.execute(query)
    ]


def _headers(row: Any) -> dict[str, bytes]:
    return {name: value.encode("latin-1") for name, value in row.headers.items()}


def _prune_topic(session: Session, topic: str, before: datetime) -> int:
    newest = select(records.c.topic, records.c.partition, func.max(records.c.offset))
    # The last record of each partition stays in any case: it says where the next offset is.
    kept = newest.where(records.c.topic == topic).group_by(
        records.c.topic, records.c.partition
    )
    if TOPICS[topic].compacted:
        kept = newest.where(records.c.topic == topic).group_by(
            records.c.topic, records.c.partition, records.c.key
        )
    place = tuple_(records.c.topic, records.c.partition, records.c.offset)
    old = true() if TOPICS[topic].compacted else records.c.at < before
    result = session.execute(
        delete(records).where(records.c.topic == topic, old, place.not_in(kept))
    )
    return int(result.rowcount)  # type: ignore[attr-defined]
