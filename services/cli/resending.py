"""After a restore without Kafka's records: what consumers have not handled is sent again."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.topics import TOPICS, Service, Topic
from services.chassis import outbox
from services.chassis.database import Database
from services.chassis.tables import inbox, stream_heads

PAGE: Final = 2000
_HEADS: Final = stream_heads.c
_INBOX: Final = inbox.c


def resend(databases: Mapping[Service, Database]) -> int:
    """Put into the outboxes what some consumer has not handled; returns how many events.

    Of a compacted topic the newest of each key, as its records would have it. Nobody else writes.
    """
    return sum(_resend(topic, databases) for topic in TOPICS.values())


def _resend(topic: Topic, databases: Mapping[Service, Database]) -> int:
    events = 0
    with databases[topic.producer].transaction() as session:
        for heads in _pages(session, topic.name):
            if topic.compacted:
                events += outbox.republish_newest(session, [(topic.name, key) for key in heads])
                continue
            missed = _missed(topic, heads, databases)
            events += outbox.republish_streams(session, topic.name, missed) if missed else 0
    return events


def _missed(
    topic: Topic, heads: Mapping[str, int], databases: Mapping[Service, Database]
) -> Collection[str]:
    """The keys of which one of the topic's consumers has not handled the last event."""
    missed = set()
    for consumer in topic.consumers:
        service = Service(consumer.partition(".")[0])
        with databases[service].transaction() as session:
            done = _done(session, consumer, topic.name, list(heads))
        missed |= {key for key, seq in heads.items() if done.get(key, 0) < seq}
    return missed


def _done(session: Session, consumer: str, topic: str, keys: Sequence[str]) -> dict[str, int]:
    query = select(_INBOX.key, _INBOX.seq).where(_INBOX.key.in_(keys))
    ours = query.where(_INBOX.consumer == consumer, _INBOX.topic == topic)
    return {row.key: row.seq for row in session.execute(ours)}


def _pages(session: Session, topic: str) -> Iterator[dict[str, int]]:
    """The last number of every key of a topic, a page at a time."""
    query = select(_HEADS.key, _HEADS.seq).where(_HEADS.topic == topic)
    last = ""
    while rows := session.execute(
        query.where(_HEADS.key > last).order_by(_HEADS.key).limit(PAGE)
    ).all():
        yield {row.key: row.seq for row in rows}
        last = rows[-1].key
