"""The heads of hash chains: the last number and hash per (topic, key), claimed under a row lock."""

from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from services.chassis.columns import Upsert
from services.chassis.tables import stream_heads

GENESIS: Final = "0" * 64
_HEAD: Final = stream_heads.c


def _more(add: Any) -> Any:
    more = {"seq": _HEAD.seq + add.excluded.seq}
    return add.on_conflict_do_update(index_elements=["topic", "key"], set_=more).returning(
        _HEAD.seq, _HEAD.hash
    )


_CLAIM: Final = Upsert(stream_heads, _more)
_SET_HASH: Final = (
    stream_heads.update()
    .where(_HEAD.topic == bindparam("of_topic"), _HEAD.key == bindparam("of_key"))
    .values(hash=bindparam("to"))
)


def claim(session: Session, topic: str, key: str, count: int) -> tuple[int, str]:
    """Take the next numbers of a chain under its row lock: (last taken before, last hash)."""
    first = {"topic": topic, "key": key, "seq": count, "hash": GENESIS}
    row = session.execute(_CLAIM.of(session), first).one()
    return row.seq - count, row.hash


def set_hash(session: Session, topic: str, key: str, value: str) -> None:
    """Store the hash of the last link of a chain."""
    session.execute(_SET_HASH, {"of_topic": topic, "of_key": key, "to": value})


def head_of(session: Session, topic: str, key: str) -> tuple[int, str]:
    """The last number and hash of a chain; (0, GENESIS) for one that never began."""
    here = (stream_heads.c.topic == topic, stream_heads.c.key == key)
    row = session.execute(select(stream_heads).where(*here)).first()
    return (row.seq, row.hash) if row else (0, GENESIS)
