"""The pipeline: referrals a second from intake's outbox to an offer, beside a bare Kafka loop."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final
from uuid import uuid4

from bench.asking import as_fast_as_answered
from bench.brokers import bare_consumer, bare_producer, make_topic, send_all
from bench.figure import Figure, Measure, at_least, by_round
from bench.run import Run
from bench.spent import processor_s
from bench.town import Town, open_town
from contracts.codec import Message
from contracts.topics import Service

GOAL: Final = 0.5
# A referral comes by three times: submitted, routed, offered.
HOPS: Final = 3
AT_A_TIME: Final = 8
# Less than this a process spends on being there.
LEAST_MS: Final = 0.1
BATCH: Final = 100
TEXT: Final = b"x" * 400
_PAUSED: Final = (Service.REFERRAL_API, Service.MATCHER)
_DUTIES: Final = ("relay", "worker")


def measure(run: Run) -> Figure:
    """Referrals a second out of a backlog, and where the processors' time goes."""
    count = run.size(100, 600)
    ours, bare = [], []
    spent: dict[str, float] = {}
    with open_town(run.folder) as town:
        as_fast_as_answered(20, AT_A_TIME, town.senders("submit").open)
        town.settle()
        for number in range(run.rounds):
            bare.append(_loop(town.suite.kafka.servers, f"bench.loop-{number}", 10 * count))
            ours.append(_drained(town, count, spent))
    return _figure(tuple(ours), tuple(bare), spent, count * run.rounds)


def _drained(town: Town, count: int, spent: dict[str, float]) -> float:
    """Let a backlog wait, then go; referrals a second until the last has its offer."""
    processes = [
        town.suite.processes[f"{service}.{duty}"] for service in _PAUSED for duty in _DUTIES
    ]
    with ExitStack() as paused:
        for process in processes:
            process.pause()
            paused.callback(process.resume)
        before = town.offers()
        as_fast_as_answered(count, AT_A_TIME, town.senders("submit").open)
        began, pids = time.perf_counter(), town.pids()
        used = {name: processor_s([pid]) for name, pid in pids.items()}
    town.await_offers(before + count)
    took = time.perf_counter() - began
    for name, pid in pids.items():
        spent[name] = spent.get(name, 0.0) + processor_s([pid]) - used[name]
    town.settle()
    return count / took


def _loop(servers: Sequence[str], topic: str, count: int) -> float:
    """Messages through as many hops by kafka-python and nothing else: referrals a second."""
    topics = [f"{topic}-{hop}" for hop in range(HOPS)]
    for each in topics:
        make_topic(servers, each)
    with ExitStack() as opened:
        producer = opened.enter_context(bare_producer(servers))
        consumers = [opened.enter_context(bare_consumer(servers, t, str(uuid4()))) for t in topics]
        messages = [Message(topic, str(uuid4()), {}, TEXT) for _ in range(count)]
        began = time.perf_counter()
        for first in range(0, count, BATCH):
            send_all(producer, messages[first : first + BATCH], topics[0])
        for hop, consumer in enumerate(consumers):
            seen = 0
            while seen < count:
                records = consumer.poll(timeout_ms=1000, max_records=BATCH).values()
                taken = [record for some in records for record in some]
                seen += len(taken)
                if hop + 1 < HOPS:
                    onward = [Message("", str(uuid4()), {}, record.value) for record in taken]
                    send_all(producer, onward, topics[hop + 1])
                consumer.commit()
        return count / (time.perf_counter() - began)


def _figure(
    ours: tuple[float, ...], bare: tuple[float, ...], spent: dict[str, float], count: int
) -> Figure:
    unit = "referrals/s"
    measures = [
        Measure(f"{HOPS} hops by kafka-python alone", unit, bare, floor=True),
        Measure("submitted to offered", unit, ours),
    ]
    for name, seconds in sorted(spent.items(), key=lambda each: -each[1]):
        cost = 1000 * seconds / count
        if cost >= LEAST_MS:
            measures.append(Measure(f"processor of {name}", "ms a referral", (cost,)))
    verdicts = (at_least("to the bare loop", by_round(ours, bare), GOAL),)
    notes = (
        "The loop writes nothing down; here each hop is a durable transaction with its history.",
    )
    title = "Pipeline: a backlog of submissions until all are offered"
    return Figure("pipeline", title, tuple(measures), verdicts, notes)
