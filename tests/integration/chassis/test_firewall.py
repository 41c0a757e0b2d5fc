"""Refused attempts of officers: counted once each, kept, summed over processes, told in minutes."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contracts.vocabulary import RefusedAttempt, Role
from services.chassis import firewall
from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.firewall import Firewall, Refused
from services.chassis.jobs import Look
from services.chassis.tables import ended_access, metadata, refused_attempts
from tests.ports.at_once import at_once
from tests.ports.samples import NOON, StillClock
from tests.ports.small_site import ADMIN, OFFICER, SmallSite

ROLE = RefusedAttempt.ROLE


class Figures:
    """What the figures were told."""

    def __init__(self) -> None:
        self.told: list[Refused] = []

    def tell(self, session: Session, now: datetime, found: Sequence[Refused]) -> None:
        del session, now
        self.told += found


def attempts(store: Database) -> int:
    """Every attempt that is kept."""
    with store.transaction() as session:
        return int(session.scalar(select(func.sum(refused_attempts.c.count))) or 0)


def rows(store: Database) -> int:
    with store.transaction() as session:
        query = select(func.count()).select_from(refused_attempts)
        return int(session.scalar(query) or 0)


def site(store: Database, clock: StillClock) -> SmallSite:
    """An app with routes for officers and for others."""
    metadata.create_all(store.engine)
    return SmallSite(store, clock)


def test_an_edge_counts_what_an_officer_tries_and_nothing_else(
    database: Database, clock: StillClock
) -> None:
    made = site(database, clock)
    client = made.app.test_client()
    tried = [
        ("PUT", "/v1/notes/1", 403),
        ("GET", "/v1/persons?name=Robin", 404),
        ("DELETE", "/v1/notes", 405),
        ("GET", "/v1/notes?name=Robin", 422),
        ("GET", "/v1/referrals/0195510e-c400-7000-8000-00000000002a", 404),
    ]
    for method, path, status in tried:
        for actor in (OFFICER, ADMIN):
            answer = client.open(path, method=method, headers=made.headers(actor), json={})
            assert answer.status_code == status or actor is ADMIN
        assert client.open(path, method=method).status_code in {401, 404, 405}
    figures = Figures()
    job = Firewall(database, clock).job(figures.tell)
    clock.advance(timedelta(minutes=1))

    def due() -> int:
        with database.transaction() as session:
            return Look([job]).found(session, clock.now())[job.name]

    assert (due(), job.tick(), due(), job.tick()) == (5, 5, 0, 0)
    assert {(r.unit_id, r.kind, r.count) for r in figures.told} == {
        ("unit-a", kind, 1) for kind in RefusedAttempt
    }


def test_processes_count_into_one_row_a_minute_and_none_is_lost(
    store: Database, clock: StillClock
) -> None:
    other = Database(store.engine.url.render_as_string(hide_password=False))
    both = (Firewall(store, clock), Firewall(other, clock))
    at_once(lambda number: both[number % 2].note(OFFICER, 403), 5)
    assert (attempts(store), rows(store)) == (80, 1)
    other.close()


def test_a_flood_makes_one_event_a_minute_for_each_kind(store: Database, clock: StillClock) -> None:
    wall, figures = Firewall(store, clock), Figures()
    job = wall.job(figures.tell)
    for _ in range(3):
        for _ in range(50):
            wall.note(OFFICER, 403)
        job.tick()
        clock.advance(timedelta(minutes=1))
    job.tick()
    assert [r.count for r in figures.told] == [50, 50, 50]
    assert len({r.since for r in figures.told}) == 3


def test_what_comes_late_to_a_minute_that_was_told_is_told_with_all_of_it(
    store: Database, clock: StillClock
) -> None:
    figures = Figures()
    job = Firewall(store, clock).job(figures.tell)
    for _ in range(2):
        with store.transaction() as session:
            firewall.count(session, "unit-a", ROLE, NOON)
        clock.advance(timedelta(minutes=2))
        assert job.tick() == 1
    assert [(r.since, r.count) for r in figures.told] == [(NOON, 1), (NOON, 2)]


def test_figures_that_could_not_be_told_are_told_later(store: Database, clock: StillClock) -> None:
    figures = Figures()

    def fail(*_: object) -> None:
        raise RuntimeError

    Firewall(store, clock).note(OFFICER, 403)
    clock.advance(timedelta(minutes=1))
    with pytest.raises(RuntimeError):
        Firewall(store, clock).job(fail).tick()
    assert Firewall(store, clock).job(figures.tell).tick() == 1
    assert [r.count for r in figures.told] == [1]


def test_rows_that_were_told_are_forgotten_after_a_day(store: Database, clock: StillClock) -> None:
    wall, figures = Firewall(store, clock), Figures()
    job = wall.job(figures.tell)
    for _ in range(2):
        wall.note(OFFICER, 403)
        clock.advance(timedelta(days=1, minutes=2))
        job.tick()
    assert (len(figures.told), rows(store)) == (2, 0)


def test_others_than_officers_are_not_counted(database: Database, clock: StillClock) -> None:
    partner = Actor(subject="pat", role=Role.PARTNER, agency_id="a")
    for actor in (None, ADMIN, partner):
        Firewall(database, clock).note(actor, 403)
    Firewall(database, clock).note(OFFICER, 409)
    assert attempts(database) == 0


def test_a_count_that_cannot_be_kept_changes_no_answer(tmp_path: object, clock: StillClock) -> None:
    bare = Database(f"sqlite:///{tmp_path}/bare.sqlite")
    ended_access.create(bare.engine)
    made = SmallSite(bare, clock)
    answer = made.app.test_client().put("/v1/notes/1", headers=made.headers(OFFICER), json={})
    assert answer.status_code == 403
    bare.close()
