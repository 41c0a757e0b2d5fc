"""A broker that demands TLS and a password, and an access list with a principal per service."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contracts.topics import TOPICS, Consumer, Service, topics_of
from services.chassis.event_log import LogRefusedError, LogUnavailableError
from services.chassis.kafka import access
from services.chassis.kafka import topics as kafka_topics
from services.chassis.kafka.log import KafkaLog
from services.chassis.kafka.settings import KafkaSecurity, KafkaSettings
from services.cli.main import main
from services.cli.topics import RIGHT
from services.local_servers.certificates import new_authority
from services.local_servers.kafka import Kafka
from services.local_servers.kafka_config import ADMIN, Security
from tests.ports.patience import until
from tests.ports.samples import PROGRAMS, message

USERS = {ADMIN: "admin-secret", **{service.value: f"{service}-secret" for service in Service}}
STRANGER = "stranger"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A secured broker with every topic, and for each service what it needs."""
    security = Security({**USERS, STRANGER: "stranger-secret"})
    with Kafka(tmp_path_factory.mktemp("secured"), security=security) as running:
        admin = as_user(running, ADMIN)
        kafka_topics.apply(admin)
        access.grant_all(admin, {service: service.value for service in Service})
        # The broker learns of the list a moment after it was told.
        until(lambda: may_write(as_user(running, Service.MATCHER), PROGRAMS))
        yield running


def as_user(kafka: Kafka, user: str, password: str | None = None) -> KafkaSettings:
    """How a user reaches the broker."""
    return KafkaSettings(
        servers=kafka.servers,
        security=KafkaSecurity(
            tls=True,
            authority=kafka.authority,
            user=user,
            password=password or f"{user}-secret",
        ),
        replication=1,
        in_sync=1,
        answer_s=4.0,
        publish_s=6.0,
    )


def give_environment(monkeypatch: pytest.MonkeyPatch, kafka: Kafka, user: str) -> None:
    """Set what tells the command how a user reaches the broker."""
    values = {
        "SERVERS": kafka.servers[0],
        "TLS": "true",
        "AUTHORITY": str(kafka.authority),
        "USER": user,
        "PASSWORD": f"{user}-secret",
        "REPLICATION": "1",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"HANDOFF_KAFKA_{name}", value)


def topics(*words: str) -> Result:
    """`handoff topics ...`."""
    return CliRunner().invoke(main, ["topics", *words], prog_name="handoff")


def may_write(settings: KafkaSettings, topic: str) -> bool:
    """Whether a user may publish on a topic."""
    with closing(KafkaLog(settings)) as log:
        try:
            log.publish([replace(message(1), topic=topic)])
        except LogRefusedError:
            return False
    return True


def may_read(settings: KafkaSettings, topic: str, group: str) -> bool:
    """Whether a user may read a topic as a group; there is something to read."""
    with closing(KafkaLog(settings)) as log:
        member = log.subscribe(group, [topic], "one")
        try:
            until(lambda: member.poll(10, 0.5))
        except LogRefusedError:
            return False
    return True


def test_each_service_writes_its_own_topics_and_no_others(kafka: Kafka) -> None:
    allowed = {
        (user, topic.name)
        for user in (*Service, STRANGER)
        for topic in TOPICS.values()
        if may_write(as_user(kafka, user), topic.name)
    }
    assert allowed == {(topic.producer, topic.name) for topic in TOPICS.values()}


def test_each_service_reads_what_it_consumes_and_nothing_else(kafka: Kafka) -> None:
    with closing(KafkaLog(as_user(kafka, ADMIN))) as log:
        log.publish([replace(message(1), topic=topic) for topic in TOPICS])
    for consumer in Consumer:
        owner = access.owner_of(consumer)
        # Two consumers of one service share its user.
        mine = {t for c in Consumer if access.owner_of(c) is owner for t in topics_of(c)}
        user = as_user(kafka, owner)
        assert {topic for topic in TOPICS if may_read(user, topic, consumer)} == mine


def test_a_service_cannot_read_as_the_group_of_another(kafka: Kafka) -> None:
    topic = topics_of(Consumer.MATCHER)[0]
    assert not may_read(as_user(kafka, Service.NOTIFIER), topic, Consumer.MATCHER)
    assert not may_read(as_user(kafka, STRANGER), topic, "a-group-of-its-own")


def test_a_service_cannot_change_topics_or_the_access_list(kafka: Kafka) -> None:
    matcher = as_user(kafka, Service.MATCHER)
    with closing(KafkaLog(matcher)) as log, pytest.raises(LogUnavailableError):
        log.ask(lambda admin: admin.create_topics({"mine": {}}))
    with pytest.raises(LogRefusedError):
        access.grant_all(matcher, dict.fromkeys(Service, STRANGER))


def test_rights_that_are_missing_are_named_and_granted_once(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_environment(monkeypatch, kafka, ADMIN)
    assert topics("check").stdout == f"{RIGHT}\n"
    other = ("--principal", "notifier=CN=notifier")
    lacking = topics("check", *other)
    assert lacking.exit_code == 1
    assert "not granted CN=notifier: READ GROUP notifier.notices" in lacking.stdout.splitlines()
    granted = topics("apply", *other)
    assert granted.exit_code == 0
    assert [line.replace("granted", "not granted") for line in granted.stdout.splitlines()] == (
        lacking.stdout.splitlines()
    )
    until(lambda: topics("check", *other).exit_code == 0)
    assert topics("apply", *other).stdout == f"{RIGHT}\n"


def test_a_user_who_may_not_is_told_so_in_one_line(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in (Service.MATCHER, STRANGER):
        give_environment(monkeypatch, kafka, user)
        for command in ("check", "apply"):
            refused = topics(command)
            assert (refused.exit_code, refused.stdout) == (1, "")
            assert refused.stderr.startswith(f"handoff: the brokers at {kafka.servers[0]} refuse")
            assert refused.stderr.count("\n") == 1


def test_a_wrong_password_is_refused_and_not_tried_for_long(kafka: Kafka) -> None:
    wrong = as_user(kafka, Service.MATCHER, password="guess")  # noqa: S106 - a wrong one
    with closing(KafkaLog(wrong)) as log:
        with pytest.raises(LogRefusedError):
            log.ping()
        with pytest.raises(LogRefusedError):
            log.publish([message(1)])
        with pytest.raises(LogRefusedError):
            log.subscribe("group", [PROGRAMS], "one").poll(1, 0.1)


def test_without_tls_nothing_is_answered(kafka: Kafka) -> None:
    plain = replace(as_user(kafka, ADMIN), security=KafkaSecurity(), answer_s=2.0)
    with closing(KafkaLog(plain)) as log, pytest.raises(LogUnavailableError):
        log.ping()


def test_a_broker_with_a_certificate_of_another_authority_is_not_trusted(
    kafka: Kafka, tmp_path: Path
) -> None:
    other = new_authority("Another").write(tmp_path / "other.pem")
    settings = as_user(kafka, ADMIN)
    strict = replace(settings, security=replace(settings.security, authority=other), answer_s=2.0)
    with closing(KafkaLog(strict)) as log, pytest.raises(LogUnavailableError):
        log.ping()


def test_a_password_is_never_sent_without_tls() -> None:
    with pytest.raises(ValueError, match="TLS must be true"):
        KafkaSecurity(user="matcher", password="secret")  # noqa: S106 - refused
    with pytest.raises(ValueError, match="go together"):
        KafkaSecurity(tls=True, user="matcher")


def test_a_password_is_not_shown() -> None:
    security = KafkaSecurity(tls=True, user="matcher", password="canary-secret")  # noqa: S106
    assert "canary" not in repr(security)
