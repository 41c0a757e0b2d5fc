"""Handling each message once and in order per key: last, waiting, parked and quarantined."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session

from contracts.codec import (
    Address,
    Envelope,
    Message,
    UnknownVersionError,
    UnreadableError,
    address,
    decode,
)
from contracts.topics import TOPICS, Consumer
from services.chassis.columns import insert
from services.chassis.event_log import Record
from services.chassis.tables import inbox, parked, quarantined, waiting

Handler = Callable[[Session, datetime, Envelope], None]
Place = tuple[str, str]


@dataclass(slots=True)
class Standing:
    """How far each (topic, key) of a batch is, locked for this transaction."""

    last: dict[Place, int]
    parked: set[Place]
    waiting: set[Place]
    moved: set[Place] = field(default_factory=set)


class Inbox:
    """One consumer's inbox; ``handle`` runs in the transaction that moves it on."""

    def __init__(self, consumer: Consumer, handlers: Mapping[type, Handler]) -> None:
        self.consumer = consumer
        self._handlers = handlers

    def take(self, session: Session, batch: Iterable[Record], now: datetime) -> int:
        """Handle, ignore, hold back or quarantine each record; returns how many were handled.

        Raises whatever a handler raises: the whole batch then rolls back.
        """
        placed: list[tuple[Record, Address]] = []
        for record in batch:
            try:
                placed.append((record, address(record.message)))
            except UnreadableError as error:
                self._quarantine(session, record, str(error), now)
        standing = self._lock(session, {(a.topic, a.key) for _, a in placed})
        done = sum(self._one(session, standing, record, a, now) for record, a in placed)
        self._save(session, standing)
        return done

    def park(
        self, session: Session, record: Record, reason: str, now: datetime
    ) -> None:
        """Put the record's key aside for a human; its later messages will wait."""
        place = address(record.message)
        standing = self._lock(session, {(place.topic, place.key)})
        at = standing.last[place.topic, place.key]
        if place.seq <= at or (place.topic, place.key) in standing.parked:
            return
        row = self._message_row(place, record.message) | {
            "partition": record.partition,
            "offset": record.offset,
            "reason": reason,
            "at": now,
        }
        session.execute(insert(session, parked).values(row).on_conflict_do_nothing())

    def redrive(self, session: Session, topic: str, key: str, now: datetime) -> int:
        """Handle a parked key's message and all that waited behind it; returns how many.

        Raises LookupError where nothing is parked there, else what the handler raises.
        """
        standing = self._lock(session, {(topic, key)})
        where = self._of(parked, topic, key)
        row = session.execute(select(parked).where(*where)).first()
        if row is None:
            raise LookupError(f"{topic} {key} is not parked")
        session.execute(delete(parked).where(*where))
        standing.parked.discard((topic, key))
        message = _message(row)
        done = self._step(session, standing, message, address(message), now)
        self._save(session, standing)
        return done

    def forget(self, session: Session) -> None:
        """Begin again from nothing: for a projector that is rebuilt."""
        for table in (inbox, waiting, parked):
            session.execute(delete(table).where(table.c.consumer == self.consumer))

    def _one(
        self,
        session: Session,
        standing: Standing,
        record: Record,
        place: Address,
        now: datetime,
    ) -> int:
        here = (place.topic, place.key)
        if place.seq <= standing.last[here]:
            return 0
        in_turn = TOPICS[place.topic].compacted or place.seq == standing.last[here] + 1
        try:
            if in_turn and here not in standing.parked:
                return self._step(session, standing, record.message, place, now)
            self._hold(session, standing, record.message, place, now)
            return 0
        except UnreadableError as error:
            self._quarantine(session, record, str(error), now)
            return 0

    def _step(
        self,
        session: Session,
        standing: Standing,
        message: Message,
        place: Address,
        now: datetime,
    ) -> int:
        """Handle one message that is in turn, then whatever it was holding up."""
        done = self._handle(session, standing, message, place, now)
        here = (place.topic, place.key)
        if here in standing.waiting and not TOPICS[place.topic].compacted:
            done += self._drain(session, standing, here, now)
        return done

    def _handle(
        self,
        session: Session,
        standing: Standing,
        message: Message,
        place: Address,
        now: datetime,
    ) -> int:
        envelope = decode(message)
        handler = self._handlers.get(type(envelope.event))
        if handler is not None:
            handler(session, now, envelope)
        standing.last[place.topic, place.key] = place.seq
        standing.moved.add((place.topic, place.key))
        return 1

    def _drain(
        self, session: Session, standing: Standing, here: Place, now: datetime
    ) -> int:
        done = 0
        rows = session.execute(
            select(waiting).where(*self._of(waiting, *here)).order_by(waiting.c.seq)
        ).all()
        for row in rows:
            if row.seq > standing.last[here] + 1:
                return done
            if row.seq == standing.last[here] + 1:
                message = _message(row)
                done += self._handle(session, standing, message, address(message), now)
            gone = (*self._of(waiting, *here), waiting.c.seq == row.seq)
            session.execute(delete(waiting).where(*gone))
        standing.waiting.discard(here)
        return done

    def _lock(self, session: Session, places: set[Place]) -> Standing:
        """Read and lock the inbox rows of a batch in sorted order."""
        ordered = sorted(places)
        if not ordered:
            return Standing({}, set(), set())
        rows = [
            {"consumer": self.consumer, "topic": t, "key": k, "seq": 0}
            for t, k in ordered
        ]
        session.execute(insert(session, inbox).on_conflict_do_nothing(), rows)
        query = (
            select(inbox.c.topic, inbox.c.key, inbox.c.seq)
            .where(inbox.c.consumer == self.consumer)
            .where(tuple_(inbox.c.topic, inbox.c.key).in_(ordered))
            .order_by(inbox.c.topic, inbox.c.key)
            .with_for_update()
        )
        last = {(topic, key): seq for topic, key, seq in session.execute(query)}
        return Standing(
            last,
            self._present(session, parked, ordered),
            self._present(session, waiting, ordered),
        )

    def _present(self, session: Session, table: Any, places: list[Place]) -> set[Place]:
        query = (
            select(table.c.topic, table.c.key)
            .distinct()
            .where(table.c.consumer == self.consumer)
            .where(tuple_(table.c.topic, table.c.key).in_(places))
        )
        return {(topic, key) for topic, key in session.execute(query)}

    def _save(self, session: Session, standing: Standing) -> None:
        rows = [
            {
                "consumer": self.consumer,
                "topic": t,
                "key": k,
                "seq": standing.last[t, k],
            }
            for t, k in sorted(standing.moved)
        ]
        if rows:
            add = insert(session, inbox)
            newest = add.on_conflict_do_update(
                index_elements=["consumer", "topic", "key"],
                set_={"seq": add.excluded.seq},
            )
            session.execute(newest, rows)

    def _hold(
        self,
        session: Session,
        standing: Standing,
        message: Message,
        place: Address,
        now: datetime,
    ) -> None:
        with suppress(UnknownVersionError):
            decode(message)  # what cannot be read now would not drain later
        row = self._message_row(place, message) | {"since": now}
        session.execute(insert(session, waiting).values(row).on_conflict_do_nothing())
        standing.waiting.add((place.topic, place.key))

    def _quarantine(
        self, session: Session, record: Record, reason: str, now: datetime
    ) -> None:
        row = {
            "consumer": self.consumer,
            "topic": record.message.topic,
            "partition": record.partition,
            "offset": record.offset,
            "reason": reason,
            "at": now,
        }
        session.execute(
            insert(session, quarantined).values(row).on_conflict_do_nothing()
        )

    def _message_row(self, place: Address, message: Message) -> dict[str, Any]:
        return {
            "consumer": self.consumer,
            "topic": place.topic,
            "key": place.key,
            "seq": place.seq,
            "headers": {k: v.decode("latin-1") for k, v in message.headers.items()},
            "value": message.value,
        }

    def _of(self, table: Any, topic: str, key: str) -> tuple[Any, ...]:
        return (
            table.c.consumer == self.consumer,
            table.c.topic == topic,
            table.c.key == key,
        )


def parked_since(session: Session, consumer: Consumer, since: datetime) -> int:
    """How many keys a consumer has parked since a moment."""
    query = select(func.count()).where(
        parked.c.consumer == consumer, parked.c.at >= since
    )
    return session.scalar(query) or 0


def held(session: Session) -> dict[str, int]:
    """How many messages wait, keys are parked and records are quarantined, per table name."""
    tables = (waiting, parked, quarantined)
    return {
        t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables
    }


def oldest_waiting(session: Session) -> datetime | None:
    """Since when the longest-held message waits for the one before it."""
    since: datetime | None = session.scalar(select(func.min(waiting.c.since)))
    return since


def parked_keys(session: Session) -> list[dict[str, Any]]:
    """Every parked key with its place and reason, oldest first; no payload."""
    columns = [c for c in parked.c if c.name not in {"headers", "value"}]
    rows = session.execute(
        select(*columns).order_by(parked.c.at, parked.c.topic, parked.c.key)
    )
    return [dict(row) for row in rows.mappings()]


def quarantined_records(session: Session) -> list[dict[str, Any]]:
    """Every quarantined record's place and reason, oldest first."""
    rows = session.execute(select(quarantined).order_by(quarantined.c.at))
    return [dict(row) for row in rows.mappings()]


def _message(row: Any) -> Message:
    headers = {name: value.encode("latin-1") for name, value in row.headers.items()}
    return Message(row.topic, row.key, headers, row.value)


def by_place(batch: Iterable[Record]) -> dict[tuple[str, int], int]:
    """The next offset to commit per (topic, partition) after a batch."""
    ends: dict[tuple[str, int], int] = defaultdict(int)
    for record in batch:
        place = (record.message.topic, record.partition)
        ends[place] = max(ends[place], record.offset + 1)
    return dict(ends)


def progress(session: Session) -> int:
    """A number that grows with every handled message of this service."""
    return session.scalar(select(func.sum(inbox.c.seq))) or 0
