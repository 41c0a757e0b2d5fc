"""Every hash chain of a store, walked in batches, and held against heads that were exported."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Select, and_, func, select, tuple_
from sqlalchemy.orm import Session

from services.chassis import audit, outbox
from services.chassis.heads import GENESIS
from services.chassis.redaction import Remains, is_redacted
from services.chassis.tables import audit as entries
from services.chassis.tables import history, stream_heads

# Links a batch: some fifty milliseconds, for on SQLite nobody writes meanwhile.
BATCH: Final = 1_000
_HEAD: Final = stream_heads.c
_LAST: Final = (_HEAD.seq.label("head_seq"), _HEAD.hash.label("head_hash"))


class Chains(StrEnum):
    """The two kinds of chains of every service."""

    AUDIT = "audit"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain at some time: its number and hash."""

    topic: str
    key: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Place:
    """How far a walk is: the last link that it saw, and what the chain's head said then."""

    topic: str
    key: str
    number: int
    hash: str
    head_seq: int | None
    head_hash: str | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one batch of a walk found; ``next`` is None at the end of the last chain."""

    links: int
    faults: list[str]
    next: Place | None


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to walk: chains by their heads, and links by what those say."""

    chains: int
    links: int


@dataclass(slots=True)
class _Walk:
    """Goes from link to link; each chain must begin at 1 and end at its head."""

    link_faults: Callable[[dict[str, Any], int, str], list[str]]
    at: Place | None
    faults: list[str] = field(default_factory=list)

    def step(self, topic: str, key: str, number: int, row: dict[str, Any]) -> None:
        """The next link of this chain, or the first of another."""
        if self.at is None or (self.at.topic, self.at.key) != (topic, key):
            self.end()
            self.at = Place(topic, key, 0, GENESIS, None, None)
        head = row.pop("head_seq"), row.pop("head_hash")
        found = self.link_faults(row, self.at.number + 1, self.at.hash)
        self.faults += [f"{named(topic, key)}: {fault}" for fault in found]
        self.at = Place(topic, key, number, row["hash"], *head)

    def end(self) -> None:
        """The chain is at its end: it must be where its head says."""
        here, self.at = self.at, None
        if here is None or (here.head_seq, here.head_hash) == (here.number, here.hash):
            return
        head = "there is no head" if here.head_seq is None else f"the head says {here.head_seq}"
        self.faults.append(
            f"{named(here.topic, here.key)}: {head}, the chain ends at {here.number}"
        )


def named(topic: str, key: str) -> str:
    """A chain in words."""
    return f"{topic} {key}"


def size(session: Session) -> Size:
    """How much there is to walk."""
    found = session.execute(select(func.count(), func.coalesce(func.sum(_HEAD.seq), 0))).one()
    return Size(found[0], int(found[1]))


def heads(session: Session, after: tuple[str, str] | None, limit: int = BATCH) -> list[Head]:
    """The next heads behind this (topic, key), in the order of the store."""
    query = select(stream_heads)
    if after is not None:
        query = query.where(tuple_(_HEAD.topic, _HEAD.key) > tuple_(*after))
    rows = session.execute(query.order_by(_HEAD.topic, _HEAD.key).limit(limit))
    return [Head(row.topic, row.key, row.seq, row.hash) for row in rows]


def walk(session: Session, chains: Chains, at: Place | None, limit: int = BATCH) -> Stretch:
    """Check the next links, from a place on; the chains may grow meanwhile.

    A link and the head of its chain are read by one statement, so that they are of one moment.
    """
    rows = session.execute(_query(chains, at).limit(limit)).mappings().all()
    going = _Walk(audit.link_faults if chains is Chains.AUDIT else outbox.link_faults, at)
    for row in rows:
        link = {str(name): value for name, value in row.items()}
        going.step(*_place_of(chains, link), link)
    if len(rows) < limit:
        going.end()
    if chains is Chains.HISTORY:
        going.faults += _of_redacted(session, rows)
    return Stretch(len(rows), going.faults, going.at)


def _of_redacted(session: Session, rows: Iterable[Mapping[Any, Any]]) -> list[str]:
    """What is wrong with what erasures left; its seal may lie in another batch."""
    erased = sorted({(r["topic"], r["key"]) for r in rows if is_redacted(r)})
    if not erased:
        return []
    query = select(history).where(tuple_(history.c.topic, history.c.key).in_(erased))
    whole = session.execute(query.order_by(history.c.topic, history.c.key, history.c.seq))
    found: list[str] = []
    for place, stream in groupby(whole.mappings(), key=lambda row: (row["topic"], row["key"])):
        remains = Remains()
        wrong = [fault for row in stream for fault in remains.follow(row)]
        found += [f"{named(*place)}: {fault}" for fault in wrong + remains.unsealed()]
    return found


def emptied(session: Session, page: Collection[Head]) -> list[str]:
    """The heads of which no link is left at all: a walk from link to link does not see those."""
    there = _links(session, page)
    missing = [head for head in page if (head.topic, head.key, head.seq) not in there]
    left = _lengths(session, missing) if missing else {}
    return [
        f"{named(head.topic, head.key)}: the head says {head.seq}, every link is gone"
        for head in missing
        if (head.topic, head.key) not in left
    ]


def hold(session: Session, exported: Collection[Head]) -> list[str]:
    """How the chains differ from these heads, each of which must be a link of its chain still.

    With chains that are whole, the link's hash says the same of everything before it.
    """
    links = _links(session, exported)
    differing = [
        head for head in exported if links.get((head.topic, head.key, head.seq)) != head.hash
    ]
    left = _lengths(session, differing) if differing else {}
    return [_difference(head, links, left) for head in differing]


def _difference(
    head: Head, links: Mapping[tuple[str, str, int], str], left: Mapping[tuple[str, str], int]
) -> str:
    chain, length = named(head.topic, head.key), left.get((head.topic, head.key), 0)
    if (head.topic, head.key, head.seq) in links:
        return f"{chain}: number {head.seq} is not the one that was exported"
    if not length:
        return f"{chain}: the whole chain is gone, {head.seq} were exported"
    if length < head.seq:
        return f"{chain}: cut off after {length}, {head.seq} were exported"
    return f"{chain}: number {head.seq} is missing, and was exported"


def _links(session: Session, wanted: Iterable[Head]) -> dict[tuple[str, str, int], str]:
    """The hashes of these links, by (topic, key, number)."""
    audited, published = _apart(wanted)
    of_audit = select(entries.c.subject, entries.c.number, entries.c.hash).where(
        tuple_(entries.c.subject, entries.c.number).in_([(h.key, h.seq) for h in audited])
    )
    of_history = select(history.c.topic, history.c.key, history.c.seq, history.c.hash).where(
        tuple_(history.c.topic, history.c.key, history.c.seq).in_(
            [(h.topic, h.key, h.seq) for h in published]
        )
    )
    found = {(audit.TOPIC, row[0], row[1]): row[2] for row in session.execute(of_audit)}
    return found | {(row[0], row[1], row[2]): row[3] for row in session.execute(of_history)}


def _lengths(session: Session, wanted: Iterable[Head]) -> dict[tuple[str, str], int]:
    """The last number of these chains, by (topic, key)."""
    audited, published = _apart(wanted)
    of_audit = select(entries.c.subject, func.max(entries.c.number)).where(
        entries.c.subject.in_([head.key for head in audited])
    )
    of_history = select(history.c.topic, history.c.key, func.max(history.c.seq)).where(
        tuple_(history.c.topic, history.c.key).in_([(h.topic, h.key) for h in published])
    )
    found = {
        (audit.TOPIC, row[0]): row[1]
        for row in session.execute(of_audit.group_by(entries.c.subject))
    }
    grouped = of_history.group_by(history.c.topic, history.c.key)
    return found | {(row[0], row[1]): row[2] for row in session.execute(grouped)}


def _apart(wanted: Iterable[Head]) -> tuple[list[Head], list[Head]]:
    """Heads of audit chains, and those of streams."""
    audited: list[Head] = []
    published: list[Head] = []
    for head in wanted:
        (audited if head.topic == audit.TOPIC else published).append(head)
    return audited, published


def _query(chains: Chains, at: Place | None) -> Select[Any]:
    """The links behind a place, in the order of an index, each with the head of its chain."""
    order: list[Any]
    if chains is Chains.AUDIT:
        its = and_(_HEAD.topic == audit.TOPIC, _HEAD.key == entries.c.subject)
        query = select(entries, *_LAST).outerjoin(stream_heads, its)
        order = [entries.c.subject, entries.c.number]
    else:
        its = and_(_HEAD.topic == history.c.topic, _HEAD.key == history.c.key)
        query = select(history, *_LAST).outerjoin(stream_heads, its)
        order = [history.c.topic, history.c.key, history.c.seq]
    if at is not None:
        behind = [at.topic, at.key, at.number][-len(order) :]
        query = query.where(tuple_(*order) > tuple_(*behind))
    return query.order_by(*order)


def _place_of(chains: Chains, link: Mapping[str, Any]) -> tuple[str, str, int]:
    if chains is Chains.AUDIT:
        return audit.TOPIC, link["subject"], link["number"]
    return link["topic"], link["key"], link["seq"]
