"""Handling each message once and in order per key: last, waiting, parked and quarantined."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import delete, select
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
from services.chassis.faults import is_transient, reason_of
from services.chassis.logs import about
from services.chassis.postgres import keep_writers_out, take_time
from services.chassis.standing import Place, Standing, is_done, is_in_turn, lock, save
from services.chassis.tables import inbox, parked, quarantined, waiting

log = structlog.get_logger()

Handler = Callable[[Session, datetime, Envelope], None]


class NotParkedError(LookupError):
    """Nothing is parked under this key."""


class Inbox:
    """One consumer's inbox; ``handle`` runs in the transaction that moves it on."""

    def __init__(self, consumer: Consumer, handlers: Mapping[type, Handler]) -> None:
        self.consumer = consumer
        self._handlers = handlers

    def take(self, session: Session, batch: Iterable[Record], now: datetime) -> int:
        """Handle, ignore, hold back or quarantine each record; returns how many were handled.

        Raises whatever a handler raises, and UnreadableError or UnknownVersionError for a message
        in its turn that does not decode: the whole batch then rolls back. Quarantined is only what
        does not say where it belongs, for it can hold up no key, and nobody can try it again.
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

    def park(self, session: Session, record: Record, reason: str, now: datetime) -> None:
        """Put the record's key aside for a human; its later messages will wait."""
        place = address(record.message)
        standing = self._lock(session, {(place.topic, place.key)})
        self._set_aside(session, standing, record, reason, now)

    def redrive(self, session: Session, topic: str, key: str, now: datetime) -> int:
        """Handle a parked key's message and all that waited behind it; returns how many.

        Raises LookupError where nothing is parked there, else what the handler raises. A message
        that waited and fails in its turn is parked itself; those before it stay handled.
        """
        standing = self._lock(session, {(topic, key)})
        row = session.execute(select(parked).where(*self._of(parked, topic, key))).first()
        if row is None:
            raise NotParkedError(f"{topic} {key} is not parked")
        self._unpark(session, standing, (topic, key))
        self._handle(session, standing, decode(_message(row)), now)
        done = 1 + self._drain(session, standing, (topic, key), now)
        self._save(session, standing)
        return done

    def forget(self, session: Session) -> None:
        """Begin again from nothing, when every batch under way is done: for a rebuilt projector.

        Until this transaction ends nobody takes a batch; else the first event of a key that nobody
        knew before could be handled beside us, and its effects be forgotten but not its number.
        """
        take_time(session)
        keep_writers_out(session, inbox)
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
        replaces = self._replaces(session, standing, record, place)
        if is_done(standing, place) and not replaces:
            return 0
        in_turn = replaces or is_in_turn(standing, place)
        try:
            envelope = decode(record.message)
        except (UnreadableError, UnknownVersionError):
            if in_turn:
                raise
            envelope = None
        if envelope is None or not in_turn:
            self._hold(session, standing, record, place, now)
            return 0
        self._handle(session, standing, envelope, now)
        return 1 + self._drain(session, standing, (place.topic, place.key), now)

    def _replaces(
        self, session: Session, standing: Standing, record: Record, place: Address
    ) -> bool:
        """Whether it is the parked message with other bytes: its producer sent it anew, mended."""
        if standing.parked.get((place.topic, place.key)) != place.seq:
            return False
        where = self._of(parked, place.topic, place.key)
        return _message(session.execute(select(parked).where(*where)).one()) != record.message

    def _handle(
        self, session: Session, standing: Standing, envelope: Envelope, now: datetime
    ) -> None:
        """Handle one message that is in turn, and flush, so that its faults are its own."""
        here = (envelope.topic, envelope.key)
        handler = self._handlers.get(type(envelope.event))
        if handler is not None:
            with about(**{TOPICS[envelope.topic].key.replace(" ", "_"): envelope.key}):
                handler(session, now, envelope)
                session.flush()
        if here in standing.parked:  # by a mended copy, or a newer version of a compacted key
            self._unpark(session, standing, here)
        standing.last[here] = envelope.seq
        standing.moved.add(here)

    def _drain(self, session: Session, standing: Standing, here: Place, now: datetime) -> int:
        """Handle what waited for the message just handled, until a gap or a failure."""
        if here not in standing.waiting:
            return 0
        done = 0
        rows = session.execute(
            select(waiting).where(*self._of(waiting, *here)).order_by(waiting.c.seq)
        ).all()
        for row in rows:
            if row.seq > standing.last[here] + 1 or here in standing.parked:
                break
            if row.seq == standing.last[here] + 1:
                done += self._handle_apart(session, standing, row, now)
        reached = max(standing.last[here], standing.parked.get(here, 0))
        passed = (*self._of(waiting, *here), waiting.c.seq <= reached)
        session.execute(delete(waiting).where(*passed))
        if rows[-1].seq <= reached:
            standing.waiting.discard(here)
        return done

    def _handle_apart(self, session: Session, standing: Standing, row: Any, now: datetime) -> int:
        """Handle a message that waited; where it fails, park it and keep what came before."""
        record = Record(row.partition, row.offset, _message(row))
        before = standing.last[row.topic, row.key]
        try:
            with session.begin_nested():
                self._handle(session, standing, decode(record.message), now)
        except Exception as error:
            standing.last[row.topic, row.key] = before
            if is_transient(error):
                raise
            self._set_aside(session, standing, record, reason_of(error), now)
            return 0
        return 1

    def _lock(self, session: Session, places: set[Place]) -> Standing:
        return lock(session, self.consumer, places)

    def _save(self, session: Session, standing: Standing) -> None:
        save(session, self.consumer, standing)

    def _hold(
        self,
        session: Session,
        standing: Standing,
        record: Record,
        place: Address,
        now: datetime,
    ) -> None:
        """Keep a message until its turn; of two copies the later one counts."""
        row = self._message_row(place, record)
        add = insert(session, waiting).values(row | {"since": now})
        newer = {name: row[name] for name in ("partition", "offset", "headers", "value")}
        session.execute(
            add.on_conflict_do_update(
                index_elements=["consumer", "topic", "key", "seq"], set_=newer
            )
        )
        standing.waiting.add((place.topic, place.key))

    def _set_aside(
        self,
        session: Session,
        standing: Standing,
        record: Record,
        reason: str,
        now: datetime,
    ) -> None:
        """Park a message that is in turn, in place of an older version or copy of it."""
        place = address(record.message)
        if is_done(standing, place) and not self._replaces(session, standing, record, place):
            return
        log.error(
            "key_parked",
            consumer=self.consumer,
            topic=place.topic,
            key=place.key,
            seq=place.seq,
            reason=reason,
        )
        row = self._message_row(place, record) | {"reason": reason, "at": now}
        self._unpark(session, standing, (place.topic, place.key))
        session.execute(insert(session, parked).values(row))
        standing.parked[place.topic, place.key] = place.seq

    def _unpark(self, session: Session, standing: Standing, here: Place) -> None:
        session.execute(delete(parked).where(*self._of(parked, *here)))
        standing.parked.pop(here, None)

    def _quarantine(self, session: Session, record: Record, reason: str, now: datetime) -> None:
        row = {
            "consumer": self.consumer,
            "topic": record.message.topic,
            "partition": record.partition,
            "offset": record.offset,
            "reason": reason,
            "at": now,
        }
        session.execute(insert(session, quarantined).values(row).on_conflict_do_nothing())

    def _message_row(self, place: Address, record: Record) -> dict[str, Any]:
        headers = record.message.headers
        return {
            "consumer": self.consumer,
            "topic": place.topic,
            "key": place.key,
            "seq": place.seq,
            "partition": record.partition,
            "offset": record.offset,
            "headers": {k: v.decode("latin-1") for k, v in headers.items()},
            "value": record.message.value,
        }

    def _of(self, table: Any, topic: str, key: str) -> tuple[Any, ...]:
        return (
            table.c.consumer == self.consumer,
            table.c.topic == topic,
            table.c.key == key,
        )


def _message(row: Any) -> Message:
    headers = {name: value.encode("latin-1") for name, value in row.headers.items()}
    return Message(row.topic, row.key, headers, row.value)
