"""Limits: who asks too often is told when to come again; nobody else is, and it costs little."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Connection, event, func, select, text
from werkzeug.test import TestResponse

from contracts.problems import Problem, TooManyError
from contracts.vocabulary import Role
from services.chassis import turnstile
from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.limits import Limits
from services.chassis.metrics import RequestCollector
from services.chassis.tables import request_counts
from services.chassis.turnstile import PARTS, Turnstile
from tests.integration.chassis.small_town import Town
from tests.ports.at_once import THREADS, at_once
from tests.ports.samples import StillClock
from tests.ports.small_site import ADMIN, OFFICER, SmallSite, json_of

LIMIT = 40
PART = LIMIT // PARTS
LIMITS = Limits(LIMIT, 4, (ipaddress.ip_network("127.0.0.1"),))
OTHERS = Actor(subject="olu", role=Role.OFFICER, unit_id="unit-b")
SECRET = b"m" * 32


@pytest.fixture
def site(store: Database, clock: StillClock) -> SmallSite:
    """A service that lets 40 requests a minute of a caller in, and 4 of a stranger."""
    return SmallSite(store, clock, LIMITS)


def turnstile_of(store: Database, limits: Limits = LIMITS) -> Turnstile:
    """What one process counts with."""
    return Turnstile(store, limits, SECRET, lambda _: None)


def ask(site: SmallSite, actor: Actor | None = OFFICER, path: str = "/v1/notes") -> TestResponse:
    """One read, without a token where nobody is named."""
    headers = site.headers(actor) if actor else {"X-Forwarded-For": "203.0.113.9"}
    return site.app.test_client().get(path, headers=headers)


def statuses(site: SmallSite, times: int, actor: Actor | None = OFFICER) -> set[int]:
    """How so many reads were answered."""
    return {ask(site, actor).status_code for _ in range(times)}


def is_let_in(door: Turnstile, clock: StillClock) -> bool:
    """Whether one request of a caller is let in."""
    try:
        door.let_in(OFFICER, clock.now())
    except TooManyError:
        return False
    return True


def kept(database: Database) -> int:
    """How many requests the table knows of."""
    with database.transaction() as session:
        return session.scalar(select(func.coalesce(func.sum(request_counts.c.count), 0))) or 0


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    found: list[str] = []

    def note(_connection: Connection, _cursor: object, said: str, *_: object) -> None:
        found.append(said)

    event.listen(database.engine, "before_cursor_execute", note)
    yield found
    event.remove(database.engine, "before_cursor_execute", note)


def test_who_asks_too_often_is_told_the_limit_and_when_to_come_again(
    site: SmallSite, clock: StillClock
) -> None:
    clock.advance(timedelta(seconds=37.4))
    assert statuses(site, LIMIT) == {200}
    refused = ask(site)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "23")
    assert json_of(refused)["type"] == Problem.TOO_MANY.value.type
    assert f"at most {LIMIT} requests a minute" in json_of(refused)["detail"]
    assert ask(site, OTHERS).status_code == ask(site, ADMIN).status_code == 200
    clock.advance(timedelta(seconds=23))
    assert ask(site).status_code == 200


def test_what_is_not_there_counts_too(site: SmallSite) -> None:
    assert {ask(site, path="/v1/elsewhere").status_code for _ in range(LIMIT)} == {404}
    assert ask(site, path="/v1/elsewhere").status_code == ask(site).status_code == 429


def test_strangers_are_counted_by_address_and_whoever_shares_it_is_served(
    site: SmallSite,
) -> None:
    assert statuses(site, 4, None) == {401}
    assert (ask(site, None).status_code, ask(site, None, "/nowhere").status_code) == (429, 429)
    shared = {"X-Forwarded-For": "203.0.113.9"} | site.headers(OFFICER)
    assert site.app.test_client().get("/v1/notes", headers=shared).status_code == 200
    elsewhere = site.app.test_client().get("/v1/notes", headers={"X-Forwarded-For": "203.0.113.7"})
    assert elsewhere.status_code == 401


def test_no_address_and_no_name_stands_in_the_table(site: SmallSite, store: Database) -> None:
    statuses(site, PART)
    statuses(site, 1, None)
    with store.transaction() as session:
        callers = session.scalars(select(request_counts.c.caller)).all()
    assert [len(caller) for caller in callers] == [64, 64]
    assert not {"olu", "203.0.113.9"} & set(callers)


def test_several_processes_let_through_hardly_more_than_one(
    store: Database, clock: StillClock
) -> None:
    other = Database(store.engine.url.render_as_string(hide_password=False))
    both = (turnstile_of(store), turnstile_of(other))
    passed = sum(is_let_in(both[turn % 2], clock) for turn in range(2 * LIMIT))
    other.close()
    assert LIMIT <= passed <= LIMIT + 2 * PART


def test_many_threads_are_let_in_to_the_last_and_no_more(
    store: Database, clock: StillClock
) -> None:
    door = turnstile_of(store, Limits(5 * THREADS))
    passed = sum(at_once(lambda _: is_let_in(door, clock), 6))
    assert passed == 5 * THREADS
    assert passed - 2 * THREADS <= kept(store) <= passed


def test_a_process_that_begins_anew_learns_what_was_counted(
    store: Database, clock: StillClock
) -> None:
    for _ in range(LIMIT):
        turnstile_of(store, Limits(PARTS)).let_in(OFFICER, clock.now())
    fresh = turnstile_of(store, Limits(PARTS))
    fresh.let_in(OFFICER, clock.now())
    with pytest.raises(TooManyError):
        fresh.let_in(OFFICER, clock.now())


def test_seldom_callers_cost_nothing_frequent_ones_little_and_refused_ones_nothing(
    store: Database, clock: StillClock
) -> None:
    door = turnstile_of(store, Limits(1200))
    with statements(store) as asked:
        for _ in range(59):
            door.let_in(OFFICER, clock.now())
        assert asked == []
        for _ in range(1141):
            door.let_in(OFFICER, clock.now())
        assert len([said for said in asked if "request_counts" in said]) == PARTS
        asked.clear()
        for _ in range(100):
            with pytest.raises(TooManyError):
                door.let_in(OFFICER, clock.now())
        assert asked == []


def test_a_database_that_is_away_refuses_nobody_and_hears_of_it_later(
    database: Database, clock: StillClock
) -> None:
    door = turnstile_of(database)
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE request_counts RENAME TO elsewhere"))
    for _ in range(10):
        door.let_in(OFFICER, clock.now())
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO request_counts"))
    for _ in range(PART):
        door.let_in(OFFICER, clock.now())
    assert kept(database) >= 10


def test_counts_of_an_hour_ago_are_forgotten(store: Database, clock: StillClock) -> None:
    door = turnstile_of(store)
    for _ in range(PART):
        door.let_in(OFFICER, clock.now())
    for wait, left in ((timedelta(minutes=59), PART), (timedelta(minutes=2), 0)):
        clock.advance(wait)
        with store.transaction() as session:
            turnstile.prune(session, clock.now())
        assert kept(store) == left


def test_a_sender_of_many_addresses_fills_no_memory(
    database: Database, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turnstile, "MOST_ADDRESSES", 3)
    door = turnstile_of(database)

    def come(number: int) -> None:
        door.let_stranger_in({"REMOTE_ADDR": f"198.51.100.{number}"}, clock.now())

    for number in range(3 + LIMITS.of_address):
        come(number)
    with pytest.raises(TooManyError):
        come(200)
    come(0)


def test_no_limit_is_no_limit(database: Database, clock: StillClock) -> None:
    unlimited = SmallSite(database, clock)
    assert statuses(unlimited, 50) == {200}
    assert kept(database) == 0


def test_refusals_are_counted_by_kind(site: SmallSite) -> None:
    statuses(site, LIMIT + 2)
    statuses(site, 5, None)
    registry = CollectorRegistry()
    registry.register(RequestCollector([site.app.config["HANDOFF_REQUESTS"]]))
    said = generate_latest(registry).decode()
    assert 'handoff_http_refused_total{counted_by="token",service="notes"} 2.0' in said
    assert 'handoff_http_refused_total{counted_by="address",service="notes"} 1.0' in said


def test_who_looks_after_the_service_may_ask_as_often_as_he_likes(town: Town) -> None:
    strict = turnstile_of(town.api.database, Limits(1, 1))
    town.api.app.config["HANDOFF_TURNSTILE"] = strict
    ask_for = town.client()
    assert {ask_for("GET", "/livez").status_code for _ in range(3)} == {200}
    assert {ask_for("GET", "/metrics").status_code for _ in range(3)} == {200}
    assert [ask_for("GET", "/docs/none.json").status_code for _ in range(2)] == [404, 429]
