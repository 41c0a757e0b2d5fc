"""Erasing from history: payloads lose what tells of a person, and the chain still verifies."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from services.chassis.tables import history

# An event with this field seals what remains of the redacted ones before it in its stream.
SEAL: Final = "remains"
_REDACT: Final = (
    history.update()
    .where(history.c.position == bindparam("at_position"))
    .values(payload=bindparam("left"), salt=None)
)


class Remains:
    """Follows a stream in order, and holds its redacted payloads against the seal after them.

    The chain covers a salted digest of what was published; once the salt is gone nobody can tell
    what that was. What is left in its place is covered by the seal, and the seal by the chain.
    """

    def __init__(self) -> None:
        """Begins before the first event."""
        self._hash = hashlib.sha256()
        self._unsealed: list[int] = []

    def add(self, seq: int, payload: Mapping[str, Any]) -> None:
        """Take what remains of one event."""
        text = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
        self._hash.update(f"{seq}:{hashlib.sha256(text).hexdigest()}\n".encode())
        self._unsealed.append(seq)

    def seal(self) -> str:
        """The digest of all that was taken so far, as an event after it publishes it."""
        return self._hash.hexdigest()

    def follow(self, row: Mapping[Any, Any]) -> list[str]:
        """Take the next row of the stream; returns what is wrong with a seal in it."""
        payload = row["payload"]
        if payload is None:
            return []
        if is_redacted(row):
            self.add(row["seq"], payload)
            return []
        said = payload.get(SEAL)
        if said is None:
            return []
        self._unsealed.clear()
        wrong = said != self.seal()
        return [f"what remains before number {row['seq']} was changed"] if wrong else []

    def unsealed(self) -> list[str]:
        """What is wrong at the stream's end: payloads that nobody sealed."""
        return [f"the payload of number {seq} was changed" for seq in self._unsealed]


def is_redacted(row: Mapping[Any, Any]) -> bool:
    """Whether a row of the history holds what an erasure left of it."""
    return row["salt"] is None and row["payload"] is not None


def faults(session: Session, topic: str, key: str) -> list[str]:
    """What is wrong with what erasures left in one stream."""
    query = select(history).where(history.c.topic == topic, history.c.key == key)
    remains, found = Remains(), list[str]()
    for row in session.execute(query.order_by(history.c.seq)).mappings():
        found += remains.follow(row)
    return found + remains.unsealed()


def redact(
    session: Session,
    topic: str,
    key: str,
    left_of: Callable[[str, Mapping[str, Any]], dict[str, Any] | None],
) -> str:
    """Leave of every payload of a stream what ``left_of`` (type, payload) says, without its salt.

    Returns the seal: publish it, as ``remains``, in the next event of the stream. What was not
    sent yet, or is republished, is sent as it remains.
    """
    query = select(history).where(history.c.topic == topic, history.c.key == key)
    rows = [r for r in session.execute(query.order_by(history.c.seq)) if r.payload is not None]
    remains, changes = Remains(), []
    for row in rows:
        left = row.payload if row.salt is None else left_of(row.type, row.payload)
        changes.append({"at_position": row.position, "left": left})
        if left is not None:
            remains.add(row.seq, left)
    if changes:
        session.connection().execute(_REDACT, changes)
    return remains.seal()
