"""The tables of the embedded event log, and the SQL that reads and writes them."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import Session

from contracts.codec import Message
from contracts.topics import TOPICS
from services.chassis.columns import Json, Upsert, UtcDateTime
from services.chassis.event_log import Record

Place = tuple[str, int]

metadata = MetaData()

records = Table(
    "records",
    metadata,
    Column("topic", String(64), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", Integer, primary_key=True),
    Column("key", String(80), nullable=False),
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


def _newer(add: Any) -> Any:
    return add.on_conflict_do_update(
        index_elements=["group", "topic", "partition"],
        set_={"offset": add.excluded.offset},
        where=add.excluded.offset > group_offsets.c.offset,
    )


_STORE_OFFSETS: Final = Upsert(group_offsets, _newer)
_READ_PLACE: Final = (
    select(records)
    .where(records.c.topic == bindparam("topic"), records.c.partition == bindparam("partition"))
    .where(records.c.offset >= bindparam("begin"))
    .order_by(records.c.offset)
    .limit(bindparam("most"))
)


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key: the same for ever, whatever process asks."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % partitions


def places_of(topics: Sequence[str]) -> list[Place]:
    """Every partition of the topics."""
    return [(topic, part) for topic in topics for part in range(TOPICS[topic].partitions)]


def ends_of(session: Session) -> dict[Place, int]:
    """The next offset of every partition that holds records: read once, when a log is opened."""
    query = select(records.c.topic, records.c.partition, func.max(records.c.offset))
    rows = session.execute(query.group_by(records.c.topic, records.c.partition))
    return {(topic, part): last + 1 for topic, part, last in rows}


def row_of(place: Place, offset: int, message: Message, now: datetime) -> dict[str, Any]:
    """The row of a message; any bytes stand in headers, so they are kept as Latin-1."""
    headers = {name: value.decode("latin-1") for name, value in message.headers.items()}
    return {
        "topic": place[0],
        "partition": place[1],
        "offset": offset,
        "key": message.key,
        "headers": headers,
        "value": message.value,
        "at": now,
    }


def offsets_of(session: Session) -> dict[str, dict[Place, int]]:
    """Where each group goes on reading; places that it never committed are left out."""
    found: dict[str, dict[Place, int]] = {}
    for row in session.execute(select(group_offsets)):
        found.setdefault(row.group, {})[row.topic, row.partition] = row.offset
    return found


def store_offsets(session: Session, group: str, offsets: Mapping[Place, int]) -> None:
    """Keep the next offsets of a group; one that is behind the stored one changes nothing."""
    rows = [
        {"group": group, "topic": topic, "partition": part, "offset": offset}
        for (topic, part), offset in sorted(offsets.items())
    ]
    session.execute(_STORE_OFFSETS.of(session), rows)


def read_place(session: Session, place: Place, begin: int, most: int) -> list[Record]:
    """The records of one partition from an offset on, at most so many."""
    asked = {"topic": place[0], "partition": place[1], "begin": begin, "most": most}
    return [
        Record(
            row.partition,
            row.offset,
            Message(row.topic, row.key, _headers(row), row.value),
        )
        for row in session.execute(_READ_PLACE, asked)
    ]


def _headers(row: Any) -> dict[str, bytes]:
    return {name: value.encode("latin-1") for name, value in row.headers.items()}


def prune_topic(session: Session, topic: str, before: datetime) -> int:
    """Delete a topic's records from before; a compacted one keeps just each key's newest."""
    newest = select(records.c.topic, records.c.partition, func.max(records.c.offset))
    # The last record of each partition stays in any case: it says where the next offset is.
    kept = newest.where(records.c.topic == topic).group_by(records.c.topic, records.c.partition)
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
