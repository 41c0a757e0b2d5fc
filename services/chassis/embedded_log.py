"""The embedded EventLog: topics in one SQLite file, for a suite that runs in one process."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from contracts.codec import Message
from contracts.topics import TOPICS
from services.chassis.database import Database
from services.chassis.embedded_rows import (
    Place,
    ends_of,
    metadata,
    offsets_of,
    partition_of,
    places_of,
    prune_topic,
    read_place,
    records,
    row_of,
    store_offsets,
)
from services.chassis.event_log import LogUnavailableError, Record


class EmbeddedLog:
    """Topics in a SQLite file that this process alone writes.

    Ends and committed offsets are known without asking the file, so that waiting costs nothing.
    """

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._news = threading.Condition()
        self._appending = threading.Lock()
        self._published = 0
        self._members: dict[str, list[EmbeddedSubscription]] = {}
        metadata.create_all(database.engine)
        with database.transaction() as session:
            self._ends = ends_of(session)
            self._committed = offsets_of(session)

    def publish(self, messages: Sequence[Message]) -> None:
        """Append in one durable transaction."""
        if not messages:
            return
        with self._appending:
            rows, ends = self._placed(messages)
            try:
                with self._database.transaction() as session:
                    session.execute(records.insert(), rows)
            except SQLAlchemyError as error:
                raise LogUnavailableError(type(error).__name__) from error
            with self._news:
                self._ends |= ends
                self._published += 1
                self._news.notify_all()

    def subscribe(self, group: str, topics: Sequence[str], member: str) -> "EmbeddedSubscription":
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
        """Delete what is past its topic's retention; compacted topics keep each key's newest.

        Returns how many records went. It is for whoever opened the log to call, now and then.
        """
        removed = 0
        with self._database.transaction() as session:
            for topic in TOPICS.values():
                removed += prune_topic(session, topic.name, self._now() - topic.retention)
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

    def read(self, group: str, starts: Mapping[Place, int], most: int) -> list[Record]:
        """Records from the given places, or from the group's offsets where none is given."""
        committed = self._committed.get(group, {})
        begins = {place: max(at, committed.get(place, 0)) for place, at in starts.items()}
        behind = [place for place, begin in begins.items() if begin < self._ends.get(place, 0)]
        if not behind:
            return []
        found: list[Record] = []
        with self._database.transaction() as session:
            for place in behind:
                found += read_place(session, place, begins[place], most - len(found))
                if len(found) >= most:
                    break
        return found

    def commit(self, group: str, offsets: Mapping[Place, int]) -> None:
        """Store the group's next offsets; they never go back."""
        with self._database.transaction() as session:
            store_offsets(session, group, offsets)
        with self._news:
            known = self._committed.setdefault(group, {})
            known |= {place: max(at, known.get(place, 0)) for place, at in offsets.items()}

    def lag(self, group: str, topics: Sequence[str]) -> int:
        """Records beyond the group's committed offsets."""
        return self.lag_at(group, places_of(topics))

    def lag_at(self, group: str, places: Iterable[Place]) -> int:
        """The same in these partitions alone."""
        with self._news:
            committed = self._committed.get(group, {})
            return sum(
                max(0, self._ends.get(place, 0) - committed.get(place, 0)) for place in places
            )

    def news(self) -> int:
        """A number that changes with every publish: take it before you read."""
        return self._published

    def wait_for_news(self, seen: int, seconds: float) -> None:
        """Return when something was published since ``seen``, or after the seconds."""
        with self._news:
            self._news.wait_for(lambda: self._published != seen, seconds)

    def _placed(self, messages: Sequence[Message]) -> tuple[list[dict[str, Any]], dict[Place, int]]:
        """The rows of messages at the ends of their partitions, and where those end then."""
        now = self._now()
        ends: dict[Place, int] = {}
        rows: list[dict[str, Any]] = []
        for message in messages:
            partitions = TOPICS[message.topic].partitions
            place = (message.topic, partition_of(message.key, partitions))
            offset = ends.get(place, self._ends.get(place, 0))
            rows.append(row_of(place, offset, message, now))
            ends[place] = offset + 1
        return rows, ends

    def _share_out(self, group: str) -> None:
        members = self._members[group]
        for number, member in enumerate(members):
            member.assign(number, len(members))


class EmbeddedSubscription:
    """One member of a group; reads only the partitions that are its own."""

    def __init__(self, log: EmbeddedLog, group: str, topics: tuple[str, ...], member: str) -> None:
        self.group = group
        self.member = member
        self._log = log
        self._topics = topics
        self._mine = threading.Lock()
        self._places: dict[Place, int] = {}

    def assign(self, number: int, of: int) -> None:
        """Own every partition whose turn is ``number`` of ``of``; unread ones start at commit."""
        own = [place for turn, place in enumerate(places_of(self._topics)) if turn % of == number]
        with self._mine:
            self._places = {place: self._places.get(place, 0) for place in own}

    def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        """The next records; waits up to ``seconds`` for the first."""
        until = time.monotonic() + seconds
        while True:
            seen = self._log.news()
            found = self._read(max_records)
            left = until - time.monotonic()
            if found or left <= 0:
                return found
            self._log.wait_for_news(seen, left)

    def commit(self, offsets: Mapping[Place, int]) -> None:
        """Remember the next offsets for the whole group."""
        if offsets:
            self._log.commit(self.group, offsets)

    def lag(self) -> int:
        """Records of the whole group that are not yet committed."""
        return self._log.lag(self.group, self._topics)

    def owed(self) -> int:
        """Those of the partitions that are this member's own."""
        with self._mine:
            own = list(self._places)
        return self._log.lag_at(self.group, own)

    def close(self) -> None:
        """Leave the group."""
        self._log.leave(self)

    def _read(self, most: int) -> list[Record]:
        with self._mine:
            starts = dict(self._places)
        found = self._log.read(self.group, starts, most)
        with self._mine:
            for record in found:
                place = (record.message.topic, record.partition)
                if place in self._places:
                    # To the back: the next poll begins elsewhere, so no partition starves.
                    del self._places[place]
                    self._places[place] = record.offset + 1
        return found
