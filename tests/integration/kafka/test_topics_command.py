"""`handoff topics` on a real broker: what it says, does and leaves, and how it exits."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from contracts.topics import TOPICS
from services.chassis.kafka.log import KafkaLog
from services.chassis.kafka.settings import KafkaSettings
from services.chassis.kafka.topics import set_topic_configs
from services.cli.main import main
from services.cli.topics import RIGHT
from tests.ports.patience import until
from tests.ports.samples import PROGRAMS, TALLIES

Handoff = Callable[..., Result]
OpenKafka = Callable[[], KafkaLog]


@pytest.fixture
def handoff(monkeypatch: pytest.MonkeyPatch) -> Handoff:
    """`handoff topics ...`, its brokers one that nobody runs."""
    monkeypatch.setenv("HANDOFF_KAFKA_SERVERS", "127.0.0.1:9")
    monkeypatch.setenv("HANDOFF_KAFKA_REPLICATION", "1")

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["topics", *words], prog_name="handoff")

    return run


@pytest.fixture
def handoff_there(
    handoff: Handoff, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> Handoff:
    """The same for a broker with every topic."""
    monkeypatch.setenv("HANDOFF_KAFKA_SERVERS", ",".join(settings.servers))
    until(lambda: handoff("check").exit_code == 0)
    return handoff


def test_what_is_right_is_said_and_stays_as_it_is(handoff_there: Handoff) -> None:
    for command in ("check", "apply"):
        result = handoff_there(command)
        assert (result.exit_code, result.stdout, result.stderr) == (0, f"{RIGHT}\n", "")


def test_check_names_each_difference_and_apply_mends_what_it_may(
    handoff_there: Handoff, open_kafka: OpenKafka
) -> None:
    log = open_kafka()
    log.ask(lambda admin: admin.delete_topics([PROGRAMS]))
    log.ask(lambda admin: set_topic_configs(admin, {TALLIES: {"retention.ms": "1000"}}))
    log.ask(lambda admin: admin.create_partitions({"routing.youth": 7}))
    more = "routing.youth: partitions must be 6, found 7"
    short = f"{TALLIES}: retention.ms must be 2592000000, found 1000"

    def noticed() -> bool:
        said = handoff_there("check").stdout
        missing = f"{PROGRAMS}: partitions must be 6, the topic is missing"
        return all(line in said.splitlines() for line in (more, short, missing))

    until(noticed)
    wrong = handoff_there("check")
    assert wrong.exit_code == 1
    count = len(wrong.stdout.splitlines())
    assert wrong.stderr == f"handoff: {count} wrong: see handoff topics apply\n"

    applied = handoff_there("apply")
    assert applied.stdout.splitlines() == [
        f"created {PROGRAMS}",
        f"corrected {short}",
        f"left {more}",
    ]
    assert applied.exit_code == 1
    assert applied.stderr.startswith("handoff: 1 left: ")
    until(lambda: handoff_there("check").stdout == f"{more}\n")


def test_apply_makes_every_topic_of_the_contract(
    handoff_there: Handoff, open_kafka: OpenKafka
) -> None:
    open_kafka().ask(lambda admin: admin.delete_topics(list(TOPICS)))
    until(lambda: handoff_there("check").exit_code == 1)
    made: set[str] = set()

    def complete() -> bool:
        # The broker may for a moment not know yet that a topic was deleted.
        made.update(handoff_there("apply").stdout.splitlines())
        return made >= {f"created {name}" for name in TOPICS}

    until(complete)
    until(lambda: handoff_there("check").exit_code == 0)


@pytest.mark.parametrize("command", ["apply", "check"])
def test_brokers_that_are_away_are_said_in_one_line(handoff: Handoff, command: str) -> None:
    result = handoff(command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("handoff: the brokers at 127.0.0.1:9 do not answer (ask: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["apply", "check"])
def test_without_brokers_the_setting_is_named(
    handoff: Handoff, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HANDOFF_KAFKA_SERVERS")
    monkeypatch.delenv("HANDOFF_KAFKA_REPLICATION")
    result = handoff(command)
    assert result.exit_code == 1
    assert result.stderr.startswith("handoff: HANDOFF_KAFKA_SERVERS is missing")


@pytest.mark.parametrize("principal", ["matcher", "portal=portal", "matcher="])
def test_a_principal_that_names_no_service_is_wrong_usage(handoff: Handoff, principal: str) -> None:
    result = handoff("apply", "--principal", principal)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"handoff: --principal {principal}: must be SERVICE=USER")


@pytest.mark.parametrize("command", ["apply", "check"])
def test_help_shows_how_to_call_it(handoff: Handoff, command: str) -> None:
    assert f"\n    handoff topics {command}\n" in handoff(command, "--help").stdout
