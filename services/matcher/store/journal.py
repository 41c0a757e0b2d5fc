"""The journal: the turn to write, and the numbered inputs."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from services.chassis.columns import insert
from services.matcher.domain.journal import Entry, Kind
from services.matcher.domain.request import erased_json
from services.matcher.tables import JournalHeadRow, JournalRow

_HEAD: Any = JournalHeadRow.__table__
_JOURNAL: Any = JournalRow.__table__
_BATCH: Final = 1000
_CLAIM: Final = (
    update(_HEAD).values(number=_HEAD.c.number + bindparam("added")).returning(_HEAD.c.number)
)
_ADD: Final = _JOURNAL.insert()
_FORGET: Final = (
    update(_JOURNAL)
    .where(_JOURNAL.c.number == bindparam("at_number"))
    .values(body=bindparam("left"))
)


def take_turn(session: Session) -> None:
    """Wait for the turn to change what decisions are made from; the commit passes it on.

    Whoever writes takes it first, so that journal numbers follow the order of commits, and no
    two writers can wait for each other's rows.
    """
    if not session.info.get("turn"):
        row = insert(session, _HEAD).values(id=1, number=0)
        held = {"number": _HEAD.c.number}
        session.execute(row.on_conflict_do_update(index_elements=["id"], set_=held))
        session.info["turn"] = True


def append(
    session: Session, at: datetime, inputs: Sequence[tuple[Kind, dict[str, Any]]]
) -> int | None:
    """Number inputs in the order given: the last number. The caller has the turn."""
    if not inputs:
        return None
    last: int = session.execute(_CLAIM, {"added": len(inputs)}).scalar_one()
    first = last - len(inputs) + 1
    rows = [
        {
            "number": number,
            "at": at,
            "kind": kind,
            "body": body,
            "referral_id": body["referral_id"] if kind is Kind.REQUEST else None,
        }
        for number, (kind, body) in enumerate(inputs, first)
    ]
    session.execute(_ADD, rows)
    return last


def forget(session: Session, referral_id: UUID) -> None:
    """Leave of every snapshot of a referral what it asks of places, and nothing of the person."""
    query = select(_JOURNAL).where(_JOURNAL.c.referral_id == referral_id)
    left = [
        {"at_number": row.number, "left": erased_json(row.body)} for row in session.execute(query)
    ]
    if left:
        session.connection().execute(_FORGET, left)


def entries(session: Session) -> Iterator[Entry]:
    """The whole journal, oldest first, read in batches."""
    query = select(_JOURNAL).order_by(_JOURNAL.c.number)
    for row in session.execute(query.execution_options(yield_per=_BATCH)):
        yield Entry(row.number, row.at, Kind(row.kind), row.body)
