"""What a process of a service runs: the tasks it is given, the log it watches, when it ends."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Event

import pytest

from contracts.codec import Message
from contracts.topics import Consumer
from services.chassis import consumer, held, service
from services.chassis.event_log import EventLog, LogUnavailableError, Subscription
from services.chassis.relay import Relay
from services.chassis.service import Task
from tests.integration.chassis.small_town import PATIENCE_S, Town
from tests.ports.samples import NOON, ledger_of, message, record
from tests.ports.small_site import json_of


class Interrupted:
    """A real log that is away while it is told so."""

    def __init__(self, real: EventLog) -> None:
        self.real = real
        self.is_away = False

    def reach(self) -> EventLog:
        if self.is_away:
            raise LogUnavailableError("ask: NodeNotReadyError")
        return self.real

    def publish(self, messages: Sequence[Message]) -> None:
        self.reach().publish(messages)

    def subscribe(self, group: str, topics: Sequence[str], member: str) -> Subscription:
        return self.real.subscribe(group, topics, member)

    def lag(self, group: str, topics: Sequence[str]) -> int:
        return self.reach().lag(group, topics)

    def ping(self) -> None:
        self.reach().ping()

    def close(self) -> None:
        self.real.close()


def eventually(true: Callable[[], bool]) -> bool:
    """Whether it comes true within our patience."""
    pause = Event()
    looks = int(PATIENCE_S / 0.02)
    return any(true() or pause.wait(0.02) for _ in range(looks))


def test_a_process_without_a_way_to_the_log_tells_no_lag_and_no_lie(town: Town) -> None:
    flow = json_of(town.client()("GET", "/ops/flow"))["notifier"]
    assert (flow["lag"], flow["waiting"]) == (None, 0)
    text = town.client()("GET", "/metrics", headers={}).text
    assert 'handoff_waiting{service="notifier"} 0.0' in text
    assert "handoff_lag{" not in text


def test_a_watched_service_counts_what_waits_in_the_log_without_joining(town: Town) -> None:
    town.watch()
    town.publish()
    Relay(town.api.database, town.log, town.clock).tick()
    assert town.notifier.flow().lag == 1
    assert (town.notifier.loops, town.notifier.consumers) == ([], [])


def test_only_the_tasks_that_are_asked_for_run(town: Town) -> None:
    town.api.start(town.log, [Task.RELAY])
    town.notifier.start(town.log, [Task.CONSUMERS], "host-8011")
    api, notifier = ([loop.name for loop in s.loops] for s in (town.api, town.notifier))
    assert api == ["referral_api.relay", "referral_api.event_log"]
    assert notifier == ["notifier.outcomes.consumer", "notifier.event_log"]
    town.publish()
    assert eventually(lambda: ledger_of(town.notifier.database) == {"unit-a": [1]})
    assert not town.ticks.is_set()


def test_jobs_alone_run_no_relay(town: Town) -> None:
    town.api.start(town.log, [Task.JOBS])
    town.publish()
    assert town.ticks.wait(PATIENCE_S)
    assert town.api.flow().unpublished == 1


def test_a_log_that_is_away_makes_a_worker_unready_but_does_not_end_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LOOK_S", 0.02)
    log = Interrupted(town.log)
    town.notifier.start(log)
    assert town.notifier.faults() == []
    log.is_away = True
    assert eventually(lambda: bool(town.notifier.faults()))
    (fault,) = town.notifier.faults()
    assert fault == "notifier.event_log fails: LogUnavailableError: ask: NodeNotReadyError"
    assert town.notifier.stuck() == []
    assert town.notifier.flow_lately().lag is None
    log.is_away = False
    assert eventually(lambda: town.notifier.faults() == [])
    assert town.notifier.flow_lately().lag == 0


def test_a_worker_started_again_stops_before_it_parks_any_more(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "BATCH", 1)
    with town.notifier.database.transaction() as session:
        for number in range(21):
            failed = record(1, f"unit-{number}")
            town.notifier.inboxes[0].park(session, failed, "ValueError at x.py:1", NOON)
    town.ledger.failing.add(("unit-z", 1))
    town.log.publish([message(1, "unit-z")])
    town.clock.advance(timedelta(minutes=4))
    town.notifier.start(town.log, [Task.CONSUMERS])
    assert eventually(lambda: bool(town.notifier.stuck()))
    assert town.notifier.stuck()[0].startswith(f"{Consumer.OUTCOMES}.consumer stopped: ")
    with town.notifier.database.transaction() as session:
        assert held.counts(session)["parked"] == 21
