"""The look-out: in one look it finds the jobs that have work, and wakes those alone."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from services.chassis.database import Database, Wake
from services.chassis.jobs import Job, Lookout, due, nothing_due
from tests.ports.samples import StillClock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
    with made.transaction() as session:
        session.execute(text("CREATE TABLE letters (due_at TEXT)"))
    yield made
    made.close()


def letters(session: Session, now: datetime) -> int:
    query = text("SELECT count(*) FROM letters WHERE due_at <= :now")
    return session.scalar(query, {"now": now.isoformat()}) or 0


def broken(session: Session, _now: datetime) -> int:
    return session.scalar(text("SELECT count(*) FROM nowhere")) or 0


def idle() -> int:
    return 0


def watched(database: Database, *jobs: Job) -> tuple[Lookout, dict[str, Wake]]:
    lookout = Lookout(database, StillClock())
    wakes = {job.name: Wake() for job in jobs}
    for job in jobs:
        lookout.watch(job, wakes[job.name])
    return lookout, wakes


def woken(wakes: dict[str, Wake]) -> set[str]:
    return {name for name, wake in wakes.items() if wake.wait(0)}


def test_a_job_is_woken_when_it_has_work_and_left_alone_before(database: Database) -> None:
    jobs = Job("letters", idle, letters), Job("house", idle, nothing_due)
    lookout, wakes = watched(database, *jobs)
    assert (lookout.tick(), woken(wakes)) == (0, set())
    with database.transaction() as session:
        session.execute(text("INSERT INTO letters VALUES ('2000-01-01'), ('9999-01-01')"))
    assert (lookout.tick(), woken(wakes)) == (0, {"letters"})
    with database.transaction() as session:
        assert due(session, StillClock().now(), jobs) == 1


def test_where_one_count_fails_every_job_looks_for_itself(database: Database) -> None:
    jobs = Job("broken", idle, broken), Job("letters", idle, letters)
    lookout, wakes = watched(database, *jobs)
    with pytest.raises(DBAPIError):
        lookout.tick()
    assert woken(wakes) == {"broken", "letters"}
