"""Worker processes: they carry events, tell the truth, drain, and end where only that helps."""

import json
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.topics import Service
from services.chassis import held, outbox
from services.chassis.inbox import Inbox
from services.chassis.kafka.settings import KafkaSettings
from services.local_servers.kafka import Kafka
from services.notifier.handlers import outcomes
from tests.integration.kafka.brokers import emptied
from tests.integration.processes.stage import Process, Stage, eventually
from tests.ports.samples import TALLIES, record, tally

# Twenty seconds, and what a busy machine takes on top of that to start and end an interpreter.
FINISHED_S = 40.0


@pytest.fixture
def servers(kafka: Kafka) -> str:
    """The shared broker, emptied, as a setting."""
    emptied(KafkaSettings(servers=kafka.servers, replication=1, in_sync=1))
    return ",".join(kafka.servers)


def publish(stage: Stage, units: int) -> None:
    """Commit that many events of referral_api."""
    database = stage.database(Service.REFERRAL_API)
    with database.transaction() as session:
        for number in range(units):
            key = f"unit-{number}"
            outbox.publish(session, TALLIES, key, [tally(key)], datetime.now(UTC))
    database.close()


def handled(stage: Stage) -> int:
    """How many streams the notifier has taken up."""
    database = stage.database(Service.NOTIFIER)
    with database.transaction() as session:
        rows = session.connection().exec_driver_sql("SELECT count(*) FROM inbox").scalar_one()
    database.close()
    return int(rows)


def loops_of(process: Process) -> list[str]:
    """What a process says that it runs."""
    lines = [json.loads(line) for line in process.said().splitlines()]
    (runs,) = [line for line in lines if line["event"] == "worker_runs"]
    return list(runs["tasks"])


def test_events_go_from_one_service_s_relay_to_another_s_consumers_and_both_drain(
    stage: Stage, servers: str
) -> None:
    relay = stage.worker("referral_api", "--only", "relay", KAFKA_SERVERS=servers)
    rest = stage.worker("notifier", "--only", "consumers", "--only", "jobs", KAFKA_SERVERS=servers)
    relay.ready()
    rest.ready()
    assert (loops_of(relay), loops_of(rest)) == (["relay"], ["consumers", "jobs"])
    publish(stage, 30)
    eventually(lambda: handled(stage) >= 30)
    flow = rest.get("/ops/flow", stage.token()).json()["notifier"]
    assert (flow["lag"], flow["parked"]) == (0, 0)
    eventually(lambda: 'handoff_lag{service="notifier"} 0.0' in rest.get("/metrics").text)
    for process in (relay, rest):
        process.signal(signal.SIGTERM)
        assert process.ended(FINISHED_S) == 0
        logged = [json.loads(line) for line in process.said().splitlines()]
        assert {line["process"] for line in logged} <= {"relay", "consumers+jobs"}


def test_a_worker_whose_broker_is_away_says_so_and_stays_and_ends_in_time(stage: Stage) -> None:
    worker = stage.worker("matcher")
    eventually(lambda: worker.status("/livez") == 200)
    answer = worker.get("/readyz")  # the first: no ping can have failed yet
    assert answer.status_code == 503
    assert "the event log has not answered yet" in answer.json()["faults"]["matcher"]
    fault = "matcher.event_log fails: LogUnavailableError: "
    eventually(lambda: fault in "\n".join(worker.get("/readyz").json()["faults"]["matcher"]))
    assert worker.running.poll() is None
    assert worker.get("/metrics").status_code == 200
    worker.signal(signal.SIGTERM)
    assert worker.ended(FINISHED_S) in (0, 1)


@pytest.mark.kafka
def test_a_broker_that_comes_back_makes_the_worker_ready_again(
    stage: Stage, tmp_path: Path
) -> None:
    with Kafka(tmp_path / "own") as own:
        servers = ",".join(own.servers)
        emptied(KafkaSettings(servers=own.servers, replication=1, in_sync=1))
        worker = stage.worker("matcher", KAFKA_SERVERS=servers).ready()
        own.brokers[0].kill()
        eventually(lambda: worker.status() == 503)
        own.brokers[0].start()
        eventually(lambda: worker.status() == 200)
        assert worker.stop() == 0


def test_too_many_parked_keys_end_the_worker_and_the_next_one_before_it_parks_more(
    stage: Stage, servers: str
) -> None:
    database = stage.database(Service.NOTIFIER)
    box: Inbox = outcomes.inbox()
    with database.transaction() as session:
        for number in range(21):
            box.park(session, record(1, f"unit-{number}"), "ValueError", datetime.now(UTC))
    for _ in range(2):
        worker = stage.worker("notifier", "--only", "consumers", KAFKA_SERVERS=servers)
        assert worker.ended() == 1
        assert '"event": "worker_stuck"' in worker.said()
    with database.transaction() as session:
        assert held.counts(session)["parked"] == 21
    database.close()


def test_an_address_that_the_machine_does_not_have_is_named_in_one_line(stage: Stage) -> None:
    worker = stage.worker("matcher", HOST="192.0.2.1", PORT=8000)
    assert worker.ended() == 1
    said = "HANDOFF_HOST 192.0.2.1, HANDOFF_PORT 8000: Cannot assign requested address"
    assert worker.said() == f"handoff: {said}\n"
