"""The heads of hash chains: the last number and hash per (topic, key), claimed under a row lock."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.chassis.columns import insert
from services.chassis.tables import stream_heads

GENESIS: Final = "0" * 64


def claim(session: Session, topic: str, key: str, count: int) -> tuple[int, str]:
    """Take the next numbers of a chain under its row lock: (last taken before, last hash)."""
    add = insert(session, stream_heads).values(topic=topic, key=key, seq=count, hash=GENESIS)
    taken = add.on_conflict_do_update(
        index_elements=["topic", "key"], set_={"seq": stream_heads.c.seq + count}
    ).returning(stream_heads.c.seq, stream_heads.c.hash)
    row = session.execute(taken).one()
    return row.seq - count, row.hash


def set_hash(session: Session, topic: str, key: str, value: str) -> None:
    """Store the hash of the last link of a chain."""
    here = (stream_heads.c.topic == topic, stream_heads.c.key == key)
    session.execute(stream_heads.update().where(*here).values(hash=value))


def head_of(session: Session, topic: str, key: str) -> tuple[int, str]:
    """The last number and hash of a chain; (0, GENESIS) for one that never began."""
    here = (stream_heads.c.topic == topic, stream_heads.c.key == key)
    row = session.execute(select(stream_heads).where(*here)).first()
    return (row.seq, row.hash) if row else (0, GENESIS)
