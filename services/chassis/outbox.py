"""Publishing inside a transaction: history with its hash chain, and the outbox row beside it."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Insert, Row, func, select, tuple_
from sqlalchemy.orm import Session

from contracts import codec
from contracts.events import Event, type_of
from services.chassis import redaction
from services.chassis.columns import insert
from services.chassis.database import wake_loops
from services.chassis.heads import GENESIS, claim, head_of, set_hash
from services.chassis.ids import uuid7
from services.chassis.postgres import keep_writers_out, take_time
from services.chassis.tables import history, outbox, stream_heads


def publish(
    session: Session, topic: str, key: str, events: Sequence[Event], now: datetime
) -> list[int]:
    """Append events to a stream, gapless per (topic, key); returns their sequence numbers.

    State, history and outbox commit together; the relay sends the rows afterwards. Raises
    ValueError for an event that the topic does not carry or no consumer would take: later it would
    stand in the relay's way, and hold up everything behind it.
    """
    if not events:
        return []
    last, previous = claim(session, topic, key, len(events))
    rows: list[dict[str, Any]] = []
    for seq, event in enumerate(events, last + 1):
        row = _history_row(topic, key, seq, event, now)
        _check_sendable(row)
        row["hash"] = previous = chain_hash(previous, row)
        rows.append(row)
    added = session.execute(
        insert(session, history).returning(history.c.position, sort_by_parameter_order=True),
        rows,
    )
    session.execute(insert(session, outbox), [{"position": p} for p in added.scalars()])
    set_hash(session, topic, key, previous)
    wake_loops(session)
    return [row["seq"] for row in rows]


def digest(payload: dict[str, Any], salt: str) -> str:
    """The salted digest of a payload; without the salt nobody can guess at the facts."""
    text = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(salt.encode() + text).hexdigest()


def chain_hash(previous: str, row: dict[str, Any]) -> str:
    """The hash of a history row over its predecessor's and everything but the payload itself."""
    parts = [
        previous,
        row["topic"],
        row["key"],
        row["seq"],
        row["event_id"],
        row["type"],
    ]
    parts += [row["at"].isoformat(), row["digest"]]
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def stream(session: Session, topic: str, key: str) -> list[codec.Stored]:
    """The whole stream of one key, oldest first; rows whose payload was erased are left out."""
    query = (
        select(history)
        .where(
            history.c.topic == topic,
            history.c.key == key,
            history.c.payload.is_not(None),
        )
        .order_by(history.c.seq)
    )
    return [stored(row) for row in session.execute(query)]


def stored(row: Row[Any]) -> codec.Stored:
    """A history row as the codec takes it."""
    return codec.Stored(
        id=row.event_id,
        topic=row.topic,
        key=row.key,
        seq=row.seq,
        time=row.at,
        type=row.type,
        data=row.payload,
    )


def verify(session: Session, topic: str, key: str) -> list[str]:
    """What is wrong with a stream's chain: gaps, edits, a head that does not match."""
    query = select(history).where(history.c.topic == topic, history.c.key == key)
    faults: list[str] = []
    previous, seq = GENESIS, 0
    for row in session.execute(query.order_by(history.c.seq)).mappings():
        faults += link_faults(dict(row), seq + 1, previous)
        seq, previous = row["seq"], row["hash"]
    faults += redaction.faults(session, topic, key)
    head = head_of(session, topic, key)
    if head != (seq, previous):
        faults.append(f"the head says {head[0]}, the stream ends at {seq}")
    return faults


def link_faults(row: dict[str, Any], seq: int, previous: str) -> list[str]:
    """What is wrong with one event, which should have this number and follow on this hash."""
    if row["seq"] != seq:
        return [f"number {seq} is missing"]
    faults = []
    if not _payload_stands(row):
        faults.append(f"the payload of number {seq} was changed")
    if chain_hash(previous, row) != row["hash"]:
        faults.append(f"number {seq} was changed")
    return faults


def keys(session: Session, topic: str) -> list[str]:
    """Every key of a topic that this service has published."""
    return list(session.scalars(select(stream_heads.c.key).where(stream_heads.c.topic == topic)))


def republish(session: Session, topic: str, key: str | None = None) -> int:
    """Put the history of a topic, or of one key of it, into the outbox anew; returns how many.

    The relay sends them again in order; what was erased is not sent. Call it before anything that
    locks a stream: whoever publishes to that may wait for us.
    """
    wanted = [history.c.topic == topic, history.c.payload.is_not(None)]
    if key is not None:
        wanted.append(history.c.key == key)
    return _put_again(session, wanted)


def republish_streams(session: Session, topic: str, keys: Collection[str]) -> int:
    """The same for the streams of these keys; returns how many events."""
    ours = (history.c.topic == topic, history.c.key.in_(sorted(keys)))
    return _put_again(session, [*ours, history.c.payload.is_not(None)])


def republish_newest(session: Session, places: Collection[tuple[str, str]]) -> int:
    """The same for the newest event of each of these (topic, key); returns how many."""
    newest = (
        select(func.max(history.c.position))
        .where(tuple_(history.c.topic, history.c.key).in_(sorted(places)))
        .where(history.c.payload.is_not(None))
        .group_by(history.c.topic, history.c.key)
    )
    return _put_again(session, [history.c.position.in_(newest)])


def _put_again(session: Session, wanted: Sequence[ColumnElement[bool]]) -> int:
    """Replace the outbox rows of these events by new ones; returns how many.

    New ids, for a relay that is between sending and marking the old rows must not mark these. They
    are taken while nobody is publishing, or else an event that is committed later, under an id
    taken before, would be sent before its predecessors.
    """
    take_time(session)
    keep_writers_out(session, outbox)
    positions = select(history.c.position).where(*wanted)
    last = progress(session)
    session.execute(outbox.delete().where(outbox.c.position.in_(positions)))
    counted = {"preserve_rowcount": True}  # SQLAlchemy forgets it of an INSERT on PostgreSQL
    added = session.execute(_anew(session, wanted, last), execution_options=counted)
    wake_loops(session)
    return int(added.rowcount)  # type: ignore[attr-defined]


def _anew(session: Session, wanted: Sequence[ColumnElement[bool]], last: int) -> Insert:
    """The INSERT of outbox rows in the order of history; SQLite would use deleted ids again."""
    place = history.c.position
    if session.get_bind().dialect.name != "sqlite":
        rows = select(place).where(*wanted).order_by(place)
        return outbox.insert().from_select(["position"], rows)
    number = func.row_number().over(order_by=place) + last
    return outbox.insert().from_select(["id", "position"], select(number, place).where(*wanted))


def unpublished(session: Session) -> int:
    """How many outbox rows wait for the relay."""
    query = select(func.count()).select_from(outbox).where(outbox.c.published_at.is_(None))
    return session.scalar(query) or 0


def _history_row(topic: str, key: str, seq: int, event: Event, now: datetime) -> dict[str, Any]:
    data, salt = codec.payload(event), secrets.token_hex(16)
    return {
        "topic": topic,
        "key": key,
        "seq": seq,
        "event_id": uuid7(now),
        "type": type_of(event).name,
        "at": now,
        "payload": data,
        "salt": salt,
        "digest": digest(data, salt),
    }


def _check_sendable(row: dict[str, Any]) -> None:
    message = codec.encode_stored(
        codec.Stored(
            id=row["event_id"],
            topic=row["topic"],
            key=row["key"],
            seq=row["seq"],
            time=row["at"],
            type=row["type"],
            data=row["payload"],
        )
    )
    if len(message.value) > codec.MAX_BYTES or not row["key"]:
        raise ValueError(f"{row['type']}: no consumer takes an event so large, or without a key")


def _payload_stands(row: dict[str, Any]) -> bool:
    """Whether a payload is the one that was published.

    Erased ones have lost their salt, too; what remains of them is held against its seal.
    """
    if row["salt"] is None:
        return True
    same: bool = digest(row["payload"], row["salt"]) == row["digest"]
    return same


def progress(session: Session) -> int:
    """A number that grows with every published event of this service."""
    return session.scalar(select(func.max(outbox.c.id))) or 0
