"""The look-out: in one look it finds the jobs that have work, and wakes those alone."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import column, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from services.chassis.columns import UtcDateTime
from services.chassis.database import Database, Wake
from services.chassis.jobs import NOW, Job, Look, Lookout, Query, nothing_due
from tests.ports.samples import StillClock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
    with made.transaction() as session:
        session.execute(text("CREATE TABLE letters (due_at TEXT)"))
    yield made
    made.close()


def of(table: str) -> Query:
    return select(func.count()).select_from(text(table)).where(column("due_at", UtcDateTime) <= NOW)


def thrice(_session: Session, _now: datetime) -> int:
    return 3


def idle() -> int:
    return 0


def watched(database: Database, *jobs: Job) -> tuple[Lookout, dict[str, Wake]]:
    wakes = {job.name: Wake() for job in jobs}
    return Lookout(database, StillClock(), Look(jobs), wakes), wakes


def woken(wakes: dict[str, Wake]) -> set[str]:
    return {name for name, wake in wakes.items() if wake.wait(0)}


def test_a_job_is_woken_when_it_has_work_and_left_alone_before(database: Database) -> None:
    jobs = Job("letters", idle, of("letters")), Job("house", idle, nothing_due)
    lookout, wakes = watched(database, *jobs)
    assert (lookout.tick(), woken(wakes)) == (0, set())
    with database.transaction() as session:
        session.execute(text("INSERT INTO letters VALUES ('2000-01-01'), ('9999-01-01')"))
    assert (lookout.tick(), woken(wakes)) == (0, {"letters"})
    with database.transaction() as session:
        found = Look(jobs).found(session, StillClock().now())
    assert found == {"letters": 1, "house": 0}


def test_what_no_query_tells_is_counted_beside_what_queries_tell(database: Database) -> None:
    jobs = Job("letters", idle, of("letters")), Job("hands", idle, thrice)
    with database.transaction() as session:
        found = Look(jobs).found(session, StillClock().now())
    assert found == {"letters": 0, "hands": 3}


def test_where_one_count_fails_every_job_looks_for_itself(database: Database) -> None:
    jobs = Job("broken", idle, of("nowhere")), Job("letters", idle, of("letters"))
    lookout, wakes = watched(database, *jobs)
    with pytest.raises(DBAPIError):
        lookout.tick()
    assert woken(wakes) == {"broken", "letters"}
