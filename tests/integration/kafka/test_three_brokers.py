"""Three brokers, and what may befall them: nothing acknowledged is lost, and order holds."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from contracts.codec import Message
from services.chassis.event_log import LogUnavailableError, Record, Subscription
from services.chassis.kafka import topics as kafka_topics
from services.chassis.kafka.log import KafkaLog
from services.chassis.kafka.settings import KafkaSettings
from services.chassis.kafka.subscription import KafkaSubscription
from services.chassis.kafka.topics import set_topic_configs
from services.local_servers.broker import Broker
from services.local_servers.kafka import Kafka
from tests.integration.kafka.brokers import emptied, first_occurrences, published, read_until
from tests.ports.event_log_suite import commit
from tests.ports.patience import done, until
from tests.ports.samples import TALLIES, message

pytestmark = [pytest.mark.kafka, pytest.mark.many_servers]

KEYS = tuple(f"unit-{number}" for number in range(12))
# A busy machine takes its time to find that a broker is away, and to choose who leads instead.
OTHERS_LEAD_S = 180.0
# A short pass of what `make soak` does at length.
SHORT_AND_LONG = [20, pytest.param(400, marks=pytest.mark.soak)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """Three brokers; each test leaves them as it found them."""
    with Kafka(tmp_path_factory.mktemp("cluster"), brokers=3) as running:
        yield running


@pytest.fixture
def settings(cluster: Kafka) -> KafkaSettings:
    """Three copies of each record, two of them before an acknowledgment."""
    return emptied(KafkaSettings(servers=cluster.servers, answer_s=5.0, publish_s=20.0))


@pytest.fixture
def log(settings: KafkaSettings) -> Iterator[KafkaLog]:
    """The log of the three brokers."""
    with closing(KafkaLog(settings)) as opened:
        yield opened


def numbered(cluster: Kafka, number: int | None) -> Broker:
    """The broker of a node's number."""
    return next(broker for broker in cluster.brokers if broker.node.number == number)


def leader(cluster: Kafka, log: KafkaLog, key: str) -> Broker:
    """The broker that leads the partition of a key."""
    log.publish([message(1, key)])
    with closing(log.subscribe(f"finder-of-{key}", [TALLIES], "finder")) as finder:
        found = read_until(finder, {(key, b"1")})
    place = next(record.partition for record in found if record.message.key == key)
    topic = log.ask(lambda admin: admin.describe_topics([TALLIES]))[0]
    number = next(p["leader_id"] for p in topic["partitions"] if p["partition_index"] == place)
    return numbered(cluster, number)


def in_sync(log: KafkaLog) -> bool:
    """Whether every partition has its three copies up to date."""
    try:
        (topic,) = log.ask(lambda admin: admin.describe_topics([TALLIES]))
    except LogUnavailableError:
        return False
    return all(len(partition["isr_nodes"]) == 3 for partition in topic["partitions"])


def controllers_led_by(log: KafkaLog) -> int | None:
    """The number of the node that leads the controllers; None while nobody answers for them."""
    try:
        quorum = log.ask(lambda admin: admin.describe_metadata_quorum())
    except LogUnavailableError:
        return None
    return int(quorum["topics"][0]["partitions"][0]["leader_id"])


def batch(number: int) -> list[Message]:
    """One message of every key."""
    return [message(number, key) for key in KEYS]


def assert_whole(log: KafkaLog, last: int) -> None:
    """Every number of every key is there, first come in order."""
    wanted = {(key, str(number).encode()) for key in KEYS for number in range(1, last + 1)}
    with closing(log.subscribe("checker", [TALLIES], "checker")) as checker:
        found = read_until(checker, wanted)
    assert first_occurrences(found) == {key: list(range(1, last + 1)) for key in KEYS}


@pytest.mark.parametrize("batches", SHORT_AND_LONG)
def test_a_leader_killed_under_load_loses_nothing(
    cluster: Kafka, log: KafkaLog, batches: int
) -> None:
    victim = leader(cluster, log, KEYS[0])
    for number in range(1, batches + 1):
        published(log, batch(number))
        if number == batches // 2:
            victim.kill()
    assert_whole(log, batches)
    victim.start()
    until(lambda: in_sync(log))


def test_with_two_brokers_gone_nothing_is_acknowledged_until_one_is_back(
    cluster: Kafka, settings: KafkaSettings, log: KafkaLog
) -> None:
    published(log, batch(1))
    first, second, third = cluster.brokers
    first.kill()
    second.kill()
    hasty = KafkaSettings(servers=settings.servers, answer_s=2.0, publish_s=3.0)
    with closing(KafkaLog(hasty)) as stalled, pytest.raises(LogUnavailableError):
        stalled.publish(batch(2))
    assert third.running
    first.start()
    published(log, batch(2))
    assert_whole(log, 2)
    second.start()
    until(lambda: in_sync(log))


def test_a_leader_paused_in_the_middle_of_a_send_holds_nobody_up_for_long(
    cluster: Kafka, log: KafkaLog
) -> None:
    paused = leader(cluster, log, KEYS[0])
    published(log, batch(1))
    paused.pause()
    try:
        published(log, batch(2))
        assert_whole(log, 2)
    finally:
        paused.resume()
    published(log, batch(3))
    assert_whole(log, 3)
    until(lambda: in_sync(log))


def test_a_member_that_knows_of_one_broker_only_finds_the_others_when_that_one_is_away(
    cluster: Kafka, log: KafkaLog
) -> None:
    published(log, batch(1))
    with closing(log.subscribe("group", [TALLIES], "member")) as member:
        found = read_until(member, {(key, b"1") for key in KEYS})
        assert isinstance(member, KafkaSubscription)
        number = member._consumer.call(_forget_all_but_the_coordinator, 5.0)  # noqa: SLF001
        known = numbered(cluster, number)
        known.pause()
        try:
            until(lambda: done(lambda: commit(member, found)), OTHERS_LEAD_S)
            until(lambda: caught_up(member), OTHERS_LEAD_S)
        finally:
            known.resume()
    until(lambda: in_sync(log))


def test_a_member_whose_coordinator_led_the_controllers_finds_the_one_that_follows(
    cluster: Kafka, log: KafkaLog
) -> None:
    published(log, batch(1))
    led_by = numbered(cluster, controllers_led_by(log))
    member, found = member_at(led_by, log)
    # Until somebody else leads the controllers, nobody says that it is not there.
    led_by.pause()
    try:
        until(lambda: done(lambda: commit(member, found)), OTHERS_LEAD_S)
        until(lambda: caught_up(member), OTHERS_LEAD_S)
    finally:
        led_by.resume()
    until(lambda: in_sync(log))


def member_at(broker: Broker, log: KafkaLog) -> tuple[Subscription, list[Record]]:
    """A member, with what it read, of a group that a broker coordinates."""
    for number in range(30):
        member = log.subscribe(f"group-{number}", [TALLIES], "member")
        found = read_until(member, {(key, b"1") for key in KEYS})
        assert isinstance(member, KafkaSubscription)
        if member._consumer.call(_coordinator, 5.0) == broker.node.number:  # noqa: SLF001
            return member, found
        member.close()
    raise AssertionError("it coordinates no group")


def caught_up(member: Subscription) -> bool:
    """Whether it polls and commits, as a consumer does, and nothing is left to commit."""
    try:
        commit(member, member.poll(100, 0.25))
        return member.lag() == 0
    except LogUnavailableError:
        return False


def _forget_all_but_the_coordinator(consumer: Any) -> int:
    """What a client is left with whose last look round found one broker; returns its number."""
    cluster = consumer._client.cluster  # noqa: SLF001
    kept = cluster.broker_metadata(consumer._coordinator.coordinator_id)  # noqa: SLF001
    vars(cluster).update(_brokers={kept.node_id: kept}, _bootstrap_brokers={})
    return _coordinator(consumer)


def _coordinator(consumer: Any) -> int:
    return int(str(consumer._coordinator.coordinator_id).rpartition("-")[2])  # noqa: SLF001


def test_a_broker_whose_log_folder_is_lost_gets_everything_back(
    cluster: Kafka, log: KafkaLog
) -> None:
    for number in range(1, 6):
        published(log, batch(number))
    until(lambda: in_sync(log))
    led_by = controllers_led_by(log)
    victim = numbered(cluster, led_by)
    other = next(broker for broker in cluster.brokers if broker is not victim)
    victim.kill()
    victim.wipe()
    # It forgot that it led the controllers; one that is asked to go on leading stops itself.
    until(lambda: controllers_led_by(log) not in {None, led_by}, OTHERS_LEAD_S)
    victim.start()
    until(lambda: in_sync(log))
    # The one that lost its disk must now hold what it takes to go on without another.
    other.kill()
    published(log, batch(6))
    assert_whole(log, 6)
    other.start()
    until(lambda: in_sync(log))


@pytest.mark.parametrize("turns", SHORT_AND_LONG)
def test_members_that_come_and_go_leave_no_record_unread(log: KafkaLog, turns: int) -> None:
    for number in range(1, 11):
        published(log, batch(number))
    wanted = {(key, str(number).encode()) for key in KEYS for number in range(1, 11)}
    read: set[tuple[str, bytes]] = set()
    for turn in range(turns):
        with closing(log.subscribe("group", [TALLIES], f"member-{turn % 3}")) as member:
            taken = member.poll(4, 5.0 if len(read) < len(wanted) else 0.1)
            commit(member, taken)
            read |= {(r.message.key, r.message.headers["ce_sequence"]) for r in taken}
    assert len(read) > 20
    with closing(log.subscribe("group", [TALLIES], "last")) as last:
        read_until(last, wanted - read)
        assert last.poll(10, 0.0) == []


def test_topics_are_made_and_checked(settings: KafkaSettings, log: KafkaLog) -> None:
    # Each broker learns a moment after the controller what was made and deleted.
    until(lambda: kafka_topics.check(settings) == [])
    log.ask(lambda admin: admin.delete_topics([TALLIES]))
    until(lambda: {d.topic for d in kafka_topics.check(settings)} == {TALLIES})
    missing = f"{TALLIES}: cleanup.policy must be delete, the topic is missing"
    until(lambda: missing in map(str, kafka_topics.check(settings)))
    until(lambda: kafka_topics.apply(settings).created == (TALLIES,))
    until(lambda: kafka_topics.check(settings) == [])
    until(lambda: kafka_topics.apply(settings) == kafka_topics.TopicReport((), (), ()))


def test_a_setting_that_was_changed_by_hand_is_put_right_and_partitions_are_not(
    settings: KafkaSettings, log: KafkaLog
) -> None:
    spoilt = {TALLIES: {"min.insync.replicas": "1", "retention.ms": "1000"}}
    until(lambda: done(lambda: log.ask(lambda admin: set_topic_configs(admin, spoilt))))
    more = {"routing.youth": 9}
    until(lambda: done(lambda: log.ask(lambda admin: admin.create_partitions(more))))
    spoilt_so = {
        (TALLIES, "min.insync.replicas", "1"),
        (TALLIES, "retention.ms", "1000"),
        ("routing.youth", "partitions", "9"),
    }
    until(lambda: _found(settings) == spoilt_so)

    def put_right() -> bool:
        """Again and again: a broker that lags behind still shows what was right before."""
        corrected = {d.setting for d in kafka_topics.apply(settings).corrected}
        assert corrected <= {"min.insync.replicas", "retention.ms"}
        return _found(settings) == {("routing.youth", "partitions", "9")}

    until(put_right)
    left = kafka_topics.apply(settings).left
    assert [str(d) for d in left] == ["routing.youth: partitions must be 6, found 9"]


def _found(settings: KafkaSettings) -> set[tuple[str, str, str | None]]:
    return {(d.topic, d.setting, d.found) for d in kafka_topics.check(settings)}
