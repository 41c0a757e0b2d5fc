"""Faults of servers and workers while people are at work: nothing is lost, nobody told twice."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final

import pytest

from contracts.events.lifecycle import TOPIC
from contracts.topics import Consumer, Service
from services.chassis import outbox
from services.chassis.kafka.log import KafkaLog
from services.chassis.loops import stop_all
from services.chassis.service import Task
from services.cli.duties import Duty
from services.cli.embedded import build_services
from services.local_servers.process import ServerProcess
from services.local_servers.waiting import wait_until
from tests.journey.load import Load, open_mailboxes, programs
from tests.journey.production_column import Production, brokers_of
from tests.journey.town import open_town

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.many_servers]

FEW: Final = 6
PAUSE_S: Final = 0.3
IN_SYNC_S: Final = 120.0
STOP_S: Final = 30.0
BACK_S: Final = 60.0
TAKE_OVER_S: Final = 10.0
PUBLISHERS: Final = (Service.REFERRAL_API, Service.MATCHER)
LED: Final = (Task.RELAY, Task.JOBS)

Fault = Callable[[Production, Load], None]


def a_leader_killed(cluster: Production, load: Load) -> None:
    """The others lead on without it."""
    broker = cluster.leader(TOPIC)
    broker.kill()
    load.await_acceptances(FEW)
    broker.start()


def two_brokers_killed(cluster: Production, load: Load) -> None:
    """Intake goes on and nothing else does, until one of them is back."""
    first, second, _ = cluster.suite.kafka.brokers
    first.kill()
    second.kill()
    load.await_submissions(FEW)
    with cluster.stores() as stores:
        assert outbox.unpublished(stores.referral_api) >= FEW
    first.launch()
    second.start()
    first.wait_until_ready()
    load.await_acceptances(FEW)


def a_leader_paused(cluster: Production, load: Load) -> None:
    """It keeps its connections and says nothing; then it comes back to a world that went on."""
    broker = cluster.leader(TOPIC)
    broker.pause()
    try:
        load.await_acceptances(FEW)
    finally:
        broker.resume()


def a_log_folder_wiped(cluster: Production, load: Load) -> None:
    """Its copies come back from the others."""
    broker = cluster.leader(TOPIC)
    broker.kill()
    broker.wipe()
    load.await_submissions(FEW)
    broker.start()


def the_postmaster_killed(cluster: Production, load: Load) -> None:
    """Nothing is answered until the suite has it back; then everything goes on."""
    before = cluster.suite.postgres.pid
    os.kill(before, signal.SIGKILL)
    assert wait_until(lambda: cluster.suite.postgres.pid != before, BACK_S), "it stays away"
    load.await_submissions(FEW)


def a_zombie(cluster: Production, load: Load) -> None:
    """A consumer is paused past its session, and wakes when another has its partitions."""
    with cluster.another_consumer(Service.MATCHER, "zombie") as zombie:
        load.await_acceptances(FEW)
        zombie.pause()
        cluster.await_member(Consumer.MATCHER, "zombie", gone=True)
        load.await_acceptances(FEW)
        zombie.resume()
        cluster.await_member(Consumer.MATCHER, "zombie")
        load.await_acceptances(FEW)


def the_leaders_killed(cluster: Production, load: Load) -> None:
    """Relays and jobs have a second process beside them: it does nothing, then all, then nothing.

    The first ones come back as standbys, and lead again when the second ones have gone.
    """
    first = [f"{service}.{duty}" for service in PUBLISHERS for duty in (Duty.RELAY, Duty.WORKER)]
    processes = [cluster.suite.processes[name] for name in first]
    with ExitStack() as opened:
        second = [opened.enter_context(cluster.standby(service)) for service in PUBLISHERS]
        load.await_acceptances(1)
        assert not any(leads(process, task) for process in second for task in LED)
        try:
            for process in processes:
                process.kill()
            took_over = partial(all_lead, second)
            assert wait_until(took_over, TAKE_OVER_S), "nobody took over"
        finally:
            for process in processes:
                process.launch()
        load.await_acceptances(FEW)
        assert wait_until(lambda: cluster.are_ready(first), BACK_S), "the first ones stay away"


def all_lead(processes: Sequence[ServerProcess]) -> bool:
    """Whether each has begun to relay and to mind the time."""
    return all(leads(process, task) for process in processes for task in LED)


def leads(process: ServerProcess, task: Task) -> bool:
    """Whether a process has said that it leads a task."""
    return process.said(f'"task": "{task}"'.encode())


def a_guest(cluster: Production, load: Load) -> None:
    """Every group lets one more member in, and sees it leave again."""
    log = KafkaLog(brokers_of(cluster.suite))
    services = build_services(cluster.platform)
    try:
        for service in services:
            service.start(log, {Task.CONSUMERS}, "guest")
        for group in Consumer:
            cluster.await_member(group, "guest")
        load.await_acceptances(1)
    finally:
        loops = [loop for service in services for loop in service.loops]
        assert stop_all(loops, STOP_S) == []
        for service in services:
            service.close()
        log.close()


FAULTS: Final[dict[str, tuple[Fault, int]]] = {
    "a leader killed": (a_leader_killed, 1),
    "two brokers killed": (two_brokers_killed, 1),
    "a leader paused": (a_leader_paused, 1),
    "a log folder wiped": (a_log_folder_wiped, 1),
    "the postmaster killed": (the_postmaster_killed, 1),
    "a zombie": (a_zombie, 1),
    "the leaders killed": (the_leaders_killed, 1),
    "joins and leaves": (a_guest, 2),
}
MANY: Final = 10


@pytest.mark.parametrize("name", FAULTS)
def test_what_was_acknowledged_outlives(production: Production, name: str) -> None:
    fault, times = FAULTS[name]
    endure(production, fault, times)


@pytest.mark.soak
@pytest.mark.parametrize("name", FAULTS)
def test_what_was_acknowledged_outlives_many_times(production: Production, name: str) -> None:
    fault, times = FAULTS[name]
    endure(production, fault, times * MANY)


@contextmanager
def healed(cluster: Production) -> Iterator[None]:
    """Let no fault outlast its test, however that ends."""
    try:
        yield
    finally:
        for broker in cluster.suite.kafka.brokers:
            broker.resume()
            broker.launch()


def endure(cluster: Production, fault: Fault, times: int) -> None:
    """Let people work while the fault comes and goes, then look for what was lost or told twice."""
    with open_town(cluster.emptied(), *programs()) as town:
        open_mailboxes(town)
        with Load(town, pause_s=PAUSE_S) as load, healed(cluster):
            for _ in range(times):
                load.await_acceptances(1)
                fault(cluster, load)
                load.await_acceptances(1)
                assert wait_until(cluster.is_in_sync, IN_SYNC_S), "a copy stays behind"
        town.settle()
        assert load.failures == []
        assert load.losses() == []
        assert town.violations() == []
