"""How far a consumer is with each (topic, key) of a batch, and what that says of a message."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import bindparam, func, literal, select, tuple_, union_all
from sqlalchemy.orm import Session

from contracts.codec import Address
from contracts.topics import TOPICS, Consumer
from services.chassis.columns import Upsert
from services.chassis.tables import inbox, parked, waiting

Place = tuple[str, str]


@dataclass(slots=True)
class Standing:
    """How far each (topic, key) of a batch is, locked for this transaction."""

    last: dict[Place, int]
    parked: dict[Place, int]
    waiting: set[Place]
    moved: set[Place] = field(default_factory=set)


def is_done(standing: Standing, place: Address) -> bool:
    """Whether a message was handled before, or its key is parked with it or a newer one."""
    here = (place.topic, place.key)
    return place.seq <= max(standing.last[here], standing.parked.get(here, 0))


def is_in_turn(standing: Standing, place: Address) -> bool:
    """Compacted topics have no gap rule: the newest wins, even over a parked one."""
    here = (place.topic, place.key)
    if TOPICS[place.topic].compacted:
        return True
    return place.seq == standing.last[here] + 1 and here not in standing.parked


def _here(table: Any) -> tuple[Any, ...]:
    here = tuple_(table.c.topic, table.c.key).in_(bindparam("places", expanding=True))
    return table.c.consumer == bindparam("of"), here


def _newest(table: Any) -> Any:
    columns = (literal(table.name).label("held_in"), table.c.topic, table.c.key)
    newest = func.max(table.c.seq).label("newest")
    return select(*columns, newest).where(*_here(table)).group_by(table.c.topic, table.c.key)


# Built once: each batch asks them, and to build a statement costs more than to run it.
_LOCK: Final = (
    select(inbox.c.topic, inbox.c.key, inbox.c.seq)
    .where(*_here(inbox))
    .order_by(inbox.c.topic, inbox.c.key)
    .with_for_update()
)
_ADD: Final = Upsert(inbox, lambda add: add.on_conflict_do_nothing())
_HELD: Final = union_all(_newest(parked), _newest(waiting))
_SAVE: Final = (
    inbox.update()
    .where(inbox.c.consumer == bindparam("of"))
    .where(inbox.c.topic == bindparam("of_topic"), inbox.c.key == bindparam("of_key"))
    .values(seq=bindparam("to"))
)


def lock(session: Session, consumer: Consumer, places: Collection[Place]) -> Standing:
    """Read how far a consumer is with some keys, their inbox rows locked in sorted order."""
    at = {"of": consumer, "places": sorted(places)}
    if not places:
        return Standing({}, {}, set())
    last = _last(session, at)
    if new := [place for place in at["places"] if place not in last]:
        rows = [{"consumer": consumer, "topic": t, "key": k, "seq": 0} for t, k in new]
        session.execute(_ADD.of(session), rows)
        last = _last(session, at)
    held: dict[str, dict[Place, int]] = {parked.name: {}, waiting.name: {}}
    # Only once all rows are locked: who had them before may have held something back.
    for row in session.execute(_HELD, at):
        held[row.held_in][row.topic, row.key] = row.newest
    return Standing(last, held[parked.name], set(held[waiting.name]))


def save(session: Session, consumer: Consumer, standing: Standing) -> None:
    """Keep how far the consumer has come; its rows are locked."""
    rows = [
        {"of": consumer, "of_topic": t, "of_key": k, "to": standing.last[t, k]}
        for t, k in sorted(standing.moved)
    ]
    if rows:
        session.execute(_SAVE, rows)


def _last(session: Session, at: Mapping[str, Any]) -> dict[Place, int]:
    return {(topic, key): seq for topic, key, seq in session.execute(_LOCK, at)}
