"""A wired service and its operations: flow, faults, alarms, parked keys, metrics, the clock."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from contracts.problems import JSON
from contracts.topics import Consumer
from services.chassis import audit
from services.chassis.clock import SettableClock
from services.chassis.migrations import SchemaError
from services.chassis.operations import create_operations
from services.chassis.relay import Relay
from services.chassis.service import OPERATIONS, ParkedError, WiredService
from tests.integration.chassis.small_town import PATIENCE_S, Town
from tests.ports.samples import (
    NOON,
    PROGRAMS,
    TALLIES,
    ledger_of,
    message,
    record,
)
from tests.ports.small_site import ADMIN, OFFICER, json_of

LOOKS = 2_000


def take(town: Town, *seqs: int) -> None:
    """Give the counting service these messages."""
    with town.notifier.database.transaction() as session:
        town.notifier.inboxes[0].take(session, [record(seq) for seq in seqs], town.clock.now())


def settled(town: Town) -> bool:
    """Whether nothing is under way, twice the same."""
    first, second = ([s.flow() for s in (town.api, town.notifier)] for _ in range(2))
    quiet = all(f.unpublished == f.lag == f.waiting == 0 for f in second)
    return quiet and first == second


def test_what_one_service_publishes_the_other_handles(town: Town) -> None:
    town.start()
    for _ in range(5):
        town.publish()
    assert any(settled(town) for _ in range(LOOKS))
    assert ledger_of(town.notifier.database) == {"unit-a": [1, 2, 3, 4, 5]}
    assert town.ticks.wait(PATIENCE_S)
    assert town.notifier.faults() == town.api.faults() == []


def test_flow_counts_what_is_under_way(town: Town) -> None:
    town.watch()
    town.publish()
    take(town, 2)
    api, notifier = town.api.flow(), town.notifier.flow()
    assert (api.unpublished, api.progress, api.due) == (1, 1, 3)
    assert (notifier.waiting, notifier.parked, notifier.lag) == (1, 0, 0)
    answer = json_of(town.client()("GET", "/ops/flow"))
    assert answer["referral_api"]["unpublished"] == 1


def test_a_ready_service_says_so_to_anybody(town: Town) -> None:
    answer = town.client()("GET", "/readyz", headers={})
    assert (answer.status_code, json_of(answer)["ready"]) == (200, True)
    assert town.client()("GET", "/livez", headers={}).json == {"alive": True}


def test_a_failing_check_makes_a_service_unready_and_says_what_to_do(town: Town) -> None:
    def behind() -> None:
        raise SchemaError("notifier is at schema none, not notifier_0001: handoff migrate")

    def broken() -> None:
        raise ValueError("Jane Canary")

    town.notifier.checks |= {"schema": behind, "broken": broken}
    answer = town.client()("GET", "/readyz", headers={})
    assert answer.status_code == 503
    schema, other = json_of(answer)["faults"]["notifier"]
    assert schema.endswith("handoff migrate")
    assert other.startswith("broken: ValueError at ")
    assert "Canary" not in answer.text


def test_while_it_drains_a_suite_is_not_ready(town: Town) -> None:
    call = town.client()
    town.draining = True
    answer = call("GET", "/readyz", headers={})
    assert (answer.status_code, json_of(answer)["draining"]) == (503, True)


def test_a_message_that_waits_a_minute_is_an_alarm_and_no_fault(town: Town) -> None:
    take(town, 2)
    town.clock.advance(timedelta(seconds=60))
    assert town.notifier.alarms() == []
    town.clock.advance(timedelta(seconds=1))
    (alarm,) = town.notifier.alarms()
    assert "waited" in alarm
    answer = town.client()("GET", "/readyz", headers={})
    assert (answer.status_code, json_of(answer)["alarms"]["notifier"]) == (200, [alarm])


def park(town: Town, seq: int = 1) -> None:
    """Park a message of the counting service."""
    with town.notifier.database.transaction() as session:
        town.notifier.inboxes[0].park(session, record(seq), "ValueError at x.py:1", NOON)


def audited(service: WiredService) -> list[tuple[str, str, dict[str, Any]]]:
    """Who did what, as the audit of operations says."""
    with service.database.transaction() as session:
        assert audit.verify_subject(session, OPERATIONS) == []
        rows = audit.entries(session, OPERATIONS)
    return [(row["actor"], row["action"], row["detail"]) for row in rows]


def redrive(town: Town, **changes: Any) -> TestResponse:
    """Redrive through HTTP."""
    body = {"consumer": "notifier.outcomes", "topic": TALLIES, "key": "unit-a"} | changes
    return town.client()("POST", "/ops/parked/redrive", json=body)


def test_parked_keys_are_listed_without_payload_and_redriven(town: Town) -> None:
    park(town)
    assert town.notifier.alarms() == ["parked keys: 1 (see handoff parked list)"]
    (row,) = json_of(town.client()("GET", "/ops/parked"))["parked"]
    assert (row["key"], row["seq"], row["at"]) == ("unit-a", 1, "2027-03-01T12:00:00+00:00")
    assert not {"value", "headers"} & set(row)
    assert redrive(town).json == {"handled": 1}
    detail = {"consumer": "notifier.outcomes", "topic": TALLIES, "key": "unit-a", "handled": 1}
    assert audited(town.notifier) == [("ada", "parked.redrive", detail)]
    assert ledger_of(town.notifier.database) == {"unit-a": [1]}
    assert redrive(town).status_code == 404


def test_a_redrive_that_fails_again_is_a_conflict_and_tells_no_value(town: Town) -> None:
    park(town)
    town.ledger.failing.add(("unit-a", 1))
    answer = redrive(town)
    assert answer.status_code == 409
    assert "ValueError" in json_of(answer)["detail"]
    assert "Canary" not in answer.text
    with pytest.raises(ParkedError):
        town.notifier.redrive(Consumer.OUTCOMES, TALLIES, "unit-a", ADMIN)
    assert town.notifier.flow().parked == 1
    assert audited(town.notifier) == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"consumer": "nobody"}, 422),
        ({"consumer": "matcher"}, 404),
        ({"topic": 5}, 422),
        ({"key": "unit-b"}, 404),
        ({"more": 1}, 422),
    ],
)
def test_a_redrive_of_something_else_is_refused(
    town: Town, changes: dict[str, Any], status: int
) -> None:
    park(town)
    answer = redrive(town, **changes)
    assert (answer.status_code, answer.content_type) == (status, JSON)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 422),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"[" * 100_000, "application/json", 400),
        (b"{}", "text/plain", 415),
    ],
)
def test_a_malformed_order_is_refused(town: Town, body: bytes, kind: str, status: int) -> None:
    call = town.client()
    answer = call("POST", "/ops/parked/redrive", data=body, content_type=kind)
    assert (answer.status_code, answer.content_type) == (status, JSON)


def republish(town: Town, **changes: Any) -> TestResponse:
    """Ask for a stream again through HTTP."""
    body = {"service": "referral_api", "topic": TALLIES} | changes
    return town.client()("POST", "/ops/republish", json=body)


def test_one_stream_or_a_whole_topic_is_sent_again_and_it_is_audited(town: Town) -> None:
    for key in ("unit-a", "unit-a", "unit-b"):
        town.publish(key)
    relay = Relay(town.api.database, town.log, town.clock)
    assert relay.tick() == 3
    first = republish(town, key="unit-a")
    assert (first.status_code, first.json) == (202, {"events": 2})
    assert relay.tick() == 2
    assert republish(town).json == {"events": 3}
    assert relay.tick() == 3
    assert audited(town.api) == [
        ("ada", "stream.republish", {"topic": TALLIES, "key": "unit-a", "events": 2}),
        ("ada", "stream.republish", {"topic": TALLIES, "key": None, "events": 3}),
    ]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"service": "nobody"}, 422),
        ({"service": "matcher"}, 404),
        ({"service": "notifier"}, 422),
        ({"topic": "referral.gossip"}, 422),
        ({"topic": PROGRAMS}, 422),
        ({"key": ""}, 422),
        ({"key": "k" * 81}, 422),
        ({"more": 1}, 422),
    ],
)
def test_republishing_something_else_is_refused(
    town: Town, changes: dict[str, Any], status: int
) -> None:
    town.publish()
    answer = republish(town, **changes)
    assert (answer.status_code, answer.content_type) == (status, JSON)
    assert audited(town.api) == []


def test_republishing_is_the_administrators_alone(town: Town) -> None:
    body = {"service": "referral_api", "topic": TALLIES}
    headers = town.site.headers(OFFICER)
    assert town.client()("POST", "/ops/republish", json=body, headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/ops/flow", "/ops/parked"])
def test_operations_are_the_administrators_alone(town: Town, path: str) -> None:
    call = town.client()
    assert call("GET", path, headers={}).status_code == 401
    assert call("GET", path, headers=town.site.headers(OFFICER)).status_code == 403


def test_the_reference_asks_no_other_host(town: Town) -> None:
    call = town.client()
    assert json_of(call("GET", "/docs/referral_api.json", headers={}))["openapi"] == "3.1.0"
    page = call("GET", "/docs/", headers={})
    assert page.status_code == 200
    assert "https://" not in page.text.replace("https://github.com", "")
    assert call("GET", "/docs/nobody.json", headers={}).status_code == 404


def test_a_clock_that_cannot_be_set_has_no_address(town: Town) -> None:
    assert town.client()("GET", "/ops/clock").status_code == 404


ENDS_OF_TIME = (
    "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+23:59",
    "2200-01-01T00:00:01Z",
)


def test_the_settable_clock_goes_forwards_through_http(town: Town, tmp_path: Path) -> None:
    clock = SettableClock(tmp_path / "clock.txt")
    clock.set(NOON)
    test = create_operations([town.api], clock, town.site.tokens).test_client()
    headers = town.site.headers()

    def put(now: object) -> TestResponse:
        return test.put("/ops/clock", json={"now": now}, headers=headers)

    assert put("2027-03-01T12:05:00Z").json == {"now": "2027-03-01T12:05:00+00:00"}
    assert test.get("/ops/clock", headers=headers).json == {"now": "2027-03-01T12:05:00+00:00"}
    for wrong in ("2027-03-01T12:00:00Z", "2027-03-01T12:10:00", "noon", None, 5, *ENDS_OF_TIME):
        assert put(wrong).status_code == 422
    assert clock.now() == NOON + timedelta(minutes=5)
    assert audited(town.api) == [("ada", "clock.set", {})]


def test_a_redelivered_batch_after_a_stop_is_not_handled_again(town: Town) -> None:
    town.log.publish([message(1), message(2)])
    town.start()
    assert any(settled(town) for _ in range(LOOKS))
    later = replace(record(1), partition=5)
    with town.notifier.database.transaction() as session:
        assert town.notifier.inboxes[0].take(session, [later], NOON) == 0
