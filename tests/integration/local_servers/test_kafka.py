"""A real Kafka: it starts, keeps its topics, and ends with whoever started it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.local_servers import kafka_jars
from services.local_servers.broker import Broker
from services.local_servers.errors import LocalServerError
from services.local_servers.java import java, quick_start
from services.local_servers.kafka import Kafka
from services.local_servers.kafka_config import Security
from services.local_servers.ports import free_ports
from services.local_servers.waiting import wait_until
from tests.integration.local_servers.conftest import Running

pytestmark = [pytest.mark.kafka, pytest.mark.many_servers]

STARTER = """
import sys
from pathlib import Path
from services.local_servers.kafka import Kafka
with Kafka(Path(sys.argv[1])) as kafka:
    print(kafka.servers[0], flush=True)
    kafka.brokers[0].pause()
    sys.stdin.read()
"""


def test_it_keeps_address_and_logs_over_a_restart_and_says_what_hinders_one(tmp_path: Path) -> None:
    kafka = Kafka(tmp_path / "kafka")
    with kafka:
        address = kafka.servers
        identity = (kafka.brokers[0].node.logs / "meta.properties").read_text()
        with pytest.raises(LocalServerError, match="stop or kill"):
            kafka.brokers[0].wipe()
    again = Kafka(tmp_path / "kafka")
    with again:
        assert again.servers == address
        assert (again.brokers[0].node.logs / "meta.properties").read_text() == identity
        _assert_says_why_it_cannot_start(again.brokers[0])


def _assert_says_why_it_cannot_start(broker: Broker) -> None:
    broker.kill()
    broker.node.file.write_text("process.roles=nonsense\n", encoding="ascii")
    with pytest.raises(LocalServerError, match=r"ended at once:[\s\S]*nonsense"):
        broker.start()


def test_a_paused_broker_too_ends_when_its_starter_is_killed(
    tmp_path: Path, running: Running
) -> None:
    starter = subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", STARTER, str(tmp_path / "kafka")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert starter.stdout is not None
    assert starter.stdin is not None
    assert starter.stdout.readline().startswith(b"127.0.0.1:")
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    starter.stdin.close()
    assert wait_until(lambda: not running(str(tmp_path)), 30.0)


def test_security_without_an_administrator_is_refused() -> None:
    with pytest.raises(ValueError, match="must hold 'admin'"):
        Security({"matcher": "secret"})


def test_jars_come_from_the_cache_once_they_are_there(tmp_path: Path) -> None:
    jars, told = _cached(tmp_path), list[tuple[int, int]]()
    assert kafka_jars.kafka_jars(tmp_path, lambda done, of: told.append((done, of))) == jars
    kept = tmp_path / f"kafka-{kafka_jars.VERSION}"
    assert ({jar.parent for jar in jars}, told) == ({kept}, [])


def test_a_jar_that_was_tampered_with_is_not_trusted(tmp_path: Path) -> None:
    jar = kafka_jars.kafka_jars()[0]
    tampered = tmp_path / jar.name
    shutil.copy(jar, tampered)
    expected = kafka_jars.sums()[jar.name]
    kafka_jars.check(jar.name, expected, {jar.name: tampered})
    with tampered.open("ab") as file:
        file.write(b"more")
    with pytest.raises(LocalServerError, match="is not trusted"):
        kafka_jars.check(jar.name, expected, {jar.name: tampered})


def _cached(cache: Path) -> list[Path]:
    """The jars as a cache folder of the test's own has them."""
    kept = cache / f"kafka-{kafka_jars.VERSION}"
    kept.mkdir()
    for jar in kafka_jars.kafka_jars():
        (kept / jar.name).symlink_to(jar)
    return kafka_jars.kafka_jars(cache)


def test_the_archive_of_classes_is_made_once_and_java_takes_it(tmp_path: Path) -> None:
    jars, recordings = _cached(tmp_path), []

    def run(options: Sequence[str]) -> None:
        recordings.append(options)
        command = [*java(jars, options), "kafka.tools.StorageTool", "random-uuid"]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command

    options = quick_start(jars, run)
    assert (quick_start(jars, run), len(recordings)) == (options, 1)
    run([*options, "-XX:AOTMode=on"])  # Java refuses to start where it cannot take the archive


def test_without_an_archive_kafka_starts_all_the_same(tmp_path: Path) -> None:
    assert quick_start(_cached(tmp_path), lambda _: None) == []
    assert [path.name for path in tmp_path.iterdir()] == [f"kafka-{kafka_jars.VERSION}"]


def test_ports_are_different_and_outside_the_range_of_outgoing_connections() -> None:
    ports = free_ports(9)
    assert len(set(ports)) == 9
    assert max(ports) < 32_768
