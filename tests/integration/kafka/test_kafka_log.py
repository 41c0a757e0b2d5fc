"""The event log on a Kafka broker: the suite of every log, and what is its own."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from contracts.codec import Message
from services.chassis.event_log import EventLog, LogRefusedError, LogUnavailableError
from services.chassis.kafka.client import CONSUMER, PRODUCER, made
from services.chassis.kafka.log import KafkaLog
from services.chassis.kafka.settings import KafkaSettings
from tests.integration.kafka.brokers import first_occurrences
from tests.ports.event_log_suite import KEYS, EventLogSuite, commit, read_all
from tests.ports.patience import reading, until
from tests.ports.samples import TALLIES, message

OpenKafka = Callable[[], KafkaLog]


class TestKafkaLog(EventLogSuite):
    """The Kafka adapter passes the suite of the port."""

    @pytest.fixture
    def open_log(self, open_kafka: OpenKafka) -> Callable[[], EventLog]:
        """The port's view of it."""
        return open_kafka


def test_a_log_that_nobody_answers_says_so_in_time(settings: KafkaSettings) -> None:
    nobody = KafkaLog(replace(settings, servers=("127.0.0.1:9",), answer_s=1.0))
    member = nobody.subscribe("group", [TALLIES], "one")
    attempts: list[Callable[[], object]] = [
        nobody.ping,
        lambda: nobody.publish([message(1)]),
        lambda: member.poll(10, 0.1),
        lambda: member.commit({(TALLIES, 0): 1}),
        member.lag,
        member.owed,
        lambda: nobody.lag("group", [TALLIES]),
    ]
    for attempt in attempts:
        started = time.monotonic()
        with pytest.raises(LogUnavailableError):
            attempt()
        assert time.monotonic() - started < 10
    nobody.close()


def test_a_topic_that_was_not_created_is_not_created_by_use(settings: KafkaSettings) -> None:
    log = KafkaLog(replace(settings, answer_s=2.0))
    with pytest.raises(LogUnavailableError):
        log.publish([Message("no.such.topic", "key", {}, b"{}")])
    with pytest.raises(LogUnavailableError, match=r"no topic no\.such\.topic"):
        log.subscribe("group", [TALLIES, "no.such.topic"], "one").poll(10, 0.1)
    assert "no.such.topic" not in log.ask(lambda admin: admin.list_topics())
    log.close()


class ForgetfulProducer(KafkaProducer):  # type: ignore[misc]
    """Acknowledges before the copies are made, whatever it is asked for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "acks": 1, "enable_idempotence": False})


class HastyConsumer(KafkaConsumer):  # type: ignore[misc]
    """Commits what nobody has handled, and is a stranger after each restart."""

    def __init__(self, *topics: str, **options: Any) -> None:
        hasty = {"enable_auto_commit": True, "group_instance_id": None}
        super().__init__(*topics, **{**options, **hasty})


def test_a_producer_that_would_lose_events_is_refused(settings: KafkaSettings) -> None:
    assert PRODUCER == {"acks": -1, "enable_idempotence": True, "allow_auto_create_topics": False}
    with pytest.raises(LogRefusedError, match=r"by our acks, enable_idempotence$"):
        made(ForgetfulProducer, settings, PRODUCER)
    with closing(made(KafkaProducer, settings, PRODUCER)) as producer:
        assert {name: producer.config[name] for name in PRODUCER} == PRODUCER


def test_a_consumer_that_would_pass_over_events_is_refused(settings: KafkaSettings) -> None:
    assert CONSUMER == {
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        "allow_auto_create_topics": False,
    }
    own = {**CONSUMER, "group_id": "group", "group_instance_id": "one"}
    with pytest.raises(LogRefusedError, match=r"by our enable_auto_commit, group_instance_id$"):
        made(HastyConsumer, settings, own)


def test_the_clients_of_a_log_go_by_what_was_asserted(
    open_kafka: OpenKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.chassis.kafka.log.KafkaProducer", ForgetfulProducer)
    monkeypatch.setattr("services.chassis.kafka.subscription.KafkaConsumer", HastyConsumer)
    log = open_kafka()
    with pytest.raises(LogRefusedError, match="acks"):
        log.publish([message(1)])
    with pytest.raises(LogRefusedError, match="enable_auto_commit"):
        log.subscribe("group", [TALLIES], "one").poll(1, 0.1)


def test_after_a_fault_the_next_publish_starts_anew(open_kafka: OpenKafka) -> None:
    log = open_kafka()
    with pytest.raises(LogUnavailableError):
        log.publish([message(1), Message(TALLIES, "unit-a", {}, b"x" * 2_000_000)])
    log.publish([message(1), message(2)])
    got = read_all(log.subscribe("group", [TALLIES], "one"), 2)
    assert first_occurrences(got) == {"unit-a": [1, 2]}


def test_a_member_started_again_under_its_name_takes_up_at_once(open_kafka: OpenKafka) -> None:
    log = open_kafka()
    log.publish([message(seq) for seq in (1, 2)])
    dead = log.subscribe("group", [TALLIES], "one")
    got = read_all(dead, 2)
    commit(dead, got[:1])
    # Another process with the same name: the first never left, and its session has long to run.
    reborn = open_kafka().subscribe("group", [TALLIES], "one")
    started = time.monotonic()
    assert [record.message for record in read_all(reborn, 1)] == [got[1].message]
    assert time.monotonic() - started < 10


def test_a_member_whose_name_was_taken_over_is_refused(open_kafka: OpenKafka) -> None:
    log = open_kafka()
    log.publish([message(1)])
    zombie = log.subscribe("group", [TALLIES], "one")
    got = read_all(zombie, 1)
    read_all(open_kafka().subscribe("group", [TALLIES], "one"), 1)
    with pytest.raises(LogRefusedError):
        commit(zombie, got)
    with pytest.raises(LogRefusedError):
        until(lambda: zombie.poll(10, 0.5))


def test_a_commit_after_the_partitions_went_to_another_is_let_be(open_kafka: OpenKafka) -> None:
    log = open_kafka()
    log.publish([message(1, key) for key in KEYS])
    slow = log.subscribe("group", [TALLIES], "slow")
    held = read_all(slow, len(KEYS))
    quick = open_kafka().subscribe("group", [TALLIES], "quick")
    with reading(slow, committing=False), reading(quick, committing=False) as taken:
        until(lambda: taken)
    commit(slow, held)
    # What stayed with the slow one counts as read, at the latest when the shares have settled.
    with reading(slow), reading(quick, committing=False) as more:
        until(lambda: slow.lag() == len(taken) + len(more))
    assert 0 < slow.lag() < len(KEYS)


def test_nobody_owes_what_is_kept_no_longer(open_kafka: OpenKafka) -> None:
    log = open_kafka()
    log.publish([message(seq) for seq in (1, 2, 3)])
    member = log.subscribe("group", [TALLIES], "one")
    got = read_all(member, 3)
    commit(member, got[:1])
    assert (member.lag(), member.owed()) == (2, 2)
    place = TopicPartition(TALLIES, got[0].partition)
    log.ask(lambda admin: admin.delete_records({place: got[2].offset + 1}))
    assert (member.lag(), member.owed()) == (0, 0)


def test_a_key_or_header_that_is_missing_reaches_the_inbox(open_kafka: OpenKafka) -> None:
    log = open_kafka()
    log.publish([Message(TALLIES, "", {}, b"")])
    (got,) = read_all(log.subscribe("group", [TALLIES], "one"), 1)
    assert got.message == Message(TALLIES, "", {}, b"")
