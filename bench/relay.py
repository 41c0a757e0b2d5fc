"""The relay: draining a backlog, beside its statements alone and its sends alone."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from sqlalchemy import select, text

from bench.brokers import bare_producer, make_topic, open_servers, send_all
from bench.figure import Figure, Measure, at_least
from bench.run import Run
from bench.stage import OFFICER, Inside, a_submission, furnish
from contracts.codec import Message, encode_stored
from contracts.topics import Service
from services.chassis import outbox
from services.chassis.kafka.log import KafkaLog
from services.chassis.relay import BATCH, Relay
from services.chassis.tables import history

GOAL: Final = 0.5
TOPIC: Final = "bench.relay"
_ANEW: Final = text("UPDATE outbox SET published_at = NULL")
# As many events as there are rows to send, made of one that was published, under other ids.
_MORE: Final = text(
    "INSERT INTO history (topic, key, seq, event_id, type, at, payload, salt, digest, hash)"
    " SELECT topic, gen_random_uuid()::text, 1, gen_random_uuid(), type, at, payload, salt, digest,"
    " hash FROM history, generate_series(1, :count) WHERE topic = 'referral.lifecycle' LIMIT :count"
)
_WAIT: Final = text(
    "INSERT INTO outbox (position) SELECT position FROM history WHERE topic = 'referral.lifecycle'"
    " AND position NOT IN (SELECT position FROM outbox) ORDER BY position"
)


@dataclass(slots=True)
class _Deaf:
    """An event log that takes everything and keeps nothing."""

    taken: int = field(default=0)

    def publish(self, messages: Sequence[Message]) -> None:
        """Count."""
        self.taken += len(messages)


def measure(run: Run) -> Figure:
    """Events a second out of a backlog."""
    count = run.size(3_000, 20_000)
    found: dict[str, list[float]] = {"sql": [], "send": [], "relay": []}
    with open_servers(run.folder) as (stage, kafka):
        furnish(stage)
        make_topic(kafka.servers, TOPIC)
        log = KafkaLog(kafka)
        with (
            stage.service(Service.REFERRAL_API) as inside,
            bare_producer(kafka.servers) as producer,
        ):
            messages = _backlog(inside, count)
            for _ in range(run.rounds):
                found["sql"].append(_drained(inside, _Deaf(), len(messages)))
                found["relay"].append(_drained(inside, log, len(messages)))
                began = time.perf_counter()
                for first in range(0, len(messages), BATCH):
                    send_all(producer, messages[first : first + BATCH], TOPIC)
                found["send"].append(len(messages) / (time.perf_counter() - began))
        log.close()
    return _figure(found)


def _backlog(inside: Inside, count: int) -> list[Message]:
    """Have so many events wait; the messages that they will be."""
    inside.call(OFFICER, "POST", "/v1/referrals", a_submission())
    with inside.service.database.transaction() as session:
        session.execute(_MORE, {"count": count})
        session.execute(_WAIT)
        rows = session.execute(select(history).order_by(history.c.position)).all()
        return [encode_stored(outbox.stored(row)) for row in rows]


def _drained(inside: Inside, log: object, count: int) -> float:
    """Events a second, until the outbox is empty."""
    database = inside.service.database
    with database.transaction() as session:
        session.execute(_ANEW)
    relay = Relay(database, log, inside.service.clock)  # type: ignore[arg-type]
    sent, began = 0, time.perf_counter()
    while done := relay.tick():
        sent += done
    took = time.perf_counter() - began
    if sent != count:
        raise RuntimeError(f"{sent} of {count} events were sent")
    return count / took


def _figure(found: dict[str, list[float]]) -> Figure:
    unit = "events/s"
    slower = [min(pair) for pair in zip(found["sql"], found["send"], strict=True)]
    ratios = [one / under for one, under in zip(found["relay"], slower, strict=True)]
    measures = (
        Measure("its statements alone", unit, tuple(found["sql"]), floor=True),
        Measure("its sends alone, by kafka-python", unit, tuple(found["send"]), floor=True),
        Measure("the relay", unit, tuple(found["relay"])),
    )
    verdicts = (at_least("to the slower of its parts", median(ratios), GOAL),)
    notes = ("Both parts take turns, batch by batch: what is sent is marked before more is read.",)
    return Figure("relay", "Relay: draining a backlog", measures, verdicts, notes)
