"""Every list and every timer is carried by an index: it costs the same in a full town."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from contracts.events.routing import Unplaced
from services.chassis import ended_access
from services.referral_api.store import leavers
from tests.integration.referral_api.office import COORDINATOR, NEAR, OFFICER, Office

# PostgreSQL's plans have a test of their own: they follow from how full its tables are.
pytestmark = pytest.mark.parametrize("office", ["sqlite"], indirect=True)

LISTS = {
    "/v1/referrals": (COORDINATOR, OFFICER),
    "/v1/referrals?state=offered": (COORDINATOR,),
    "/v1/referrals?unit_id=central": (COORDINATOR,),
    "/v1/referrals?unit_id=central&state=offered": (COORDINATOR,),
    "/v1/offers": (COORDINATOR, NEAR),
    "/v1/offers?state=open": (COORDINATOR, NEAR),
    "/v1/offers?live=true": (NEAR,),
    "/v1/units": (COORDINATOR,),
    "/v1/worklist": (COORDINATOR,),
    "/v1/worklist?why=unplaced": (COORDINATOR,),
    "/v1/worklist?assigned=mine": (COORDINATOR,),
    "/v1/worklist?assigned=nobody&sector=housing": (COORDINATOR,),
}

LOOK = ("SCAN CONSTANT ROW", "SCALAR SUBQUERY")


@contextmanager
def plans(office: Office) -> Iterator[list[str]]:
    """The query plan of each statement that looks for rows inside, in SQLite's words."""
    made: dict[str, Any] = {}
    found: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "WITH", "UPDATE work_items")):
            made[statement] = values

    engine = office.service.database.engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        for statement, values in made.items():
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            # A look selects what its parts count, and reads no row of its own.
            found += [row[3] for row in steps if not row[3].startswith(LOOK)]


def slow(found: list[str]) -> list[str]:
    """The steps that read a table through without an index, or sort what they read."""
    unindexed = [step for step in found if step.startswith("SCAN") and "INDEX" not in step]
    return unindexed + [step for step in found if "TEMP B-TREE" in step]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_neither_reads_a_table_through_nor_sorts(office: Office, path: str) -> None:
    for _ in range(2):
        office.offered()
        waiting = office.submit()
        office.propose(Unplaced, waiting)
        if "mine" in path:
            office.ok(COORDINATOR, "POST", f"/v1/worklist/{waiting}/take", {})
    with plans(office) as found:
        for who in LISTS[path]:
            mark = "&" if "?" in path else "?"
            after = office.ok(who, "GET", f"{path}{mark}limit=1")["next"]
            if after:
                office.ok(who, "GET", f"{path}{mark}limit=1&after={after}")
    assert found
    assert slow(found) == []


def test_an_item_costs_the_same_number_of_queries_however_long_the_worklist(
    office: Office,
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            office.propose(Unplaced, office.submit())
        with plans(office) as found:
            office.ok(COORDINATOR, "GET", "/v1/worklist")
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_timers_are_found_by_index(office: Office) -> None:
    office.offered()
    office.submit()
    with plans(office) as found:
        for job in office.service.jobs:
            if job.name in {"lapses", "reviews"}:
                assert office.service.due(job.name) == 0
    assert found
    assert slow(found) == []
    assert all("deadline_at<?" in step or "review_at<?" in step for step in found)


def test_the_count_of_every_job_is_found_by_index_and_none_walks_the_referrals_by_state(
    office: Office,
) -> None:
    """They are all asked several times a second, and after each commit."""
    for _ in range(2):
        office.submit()
    office.run_jobs()
    for job in office.service.jobs:
        with plans(office) as found:
            office.service.due(job.name)
        # A city has some dozens of units, and refusals are forgotten: both tables are short.
        assert set(slow(found)) <= {"SCAN units", "SCAN refused_attempts"}, job.name
        assert not [step for step in found if "ix_referrals_state" in step], job.name
    with plans(office) as found:
        office.service.due("outlived")
    assert [step for step in found if "referrals" in step] == [
        "SEARCH referrals USING INDEX sqlite_autoindex_referrals_1 (id=?)"
    ] * 2


def test_what_leavers_have_is_found_by_index(office: Office) -> None:
    waiting = office.submit()
    office.propose(Unplaced, waiting)
    office.ok(COORDINATOR, "POST", f"/v1/worklist/{waiting}/take", {})
    access_id, now = ended_access.of_actor(COORDINATOR), office.clock.now()
    with plans(office) as found, office.service.database.transaction() as session:
        leavers.add(session, access_id, now)
        assert leavers.count_still_held(session, now) == 1
        assert leavers.still_held(session, now, 10) == [UUID(waiting)]
    looks = [step for step in found if "work_items" in step]
    assert len(looks) >= 4
    assert [step for step in looks if "INDEX" not in step or step.startswith("SCAN")] == []


def test_a_query_without_an_index_is_noticed(office: Office) -> None:
    with plans(office) as found:
        office.rows("SELECT name FROM units ORDER BY name")
    assert len(slow(found)) == 2


def test_a_page_costs_the_same_number_of_queries_however_long(office: Office) -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            office.offered()
        with plans(office) as found:
            office.ok(COORDINATOR, "GET", "/v1/referrals")
        counts.append(len(found))
    assert counts[0] == counts[1]
