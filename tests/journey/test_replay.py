"""Everything that was ever published is sent again: nothing changes, and nobody is told twice."""

from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from contracts.topics import TOPICS
from services.local_servers.waiting import wait_until
from tests.journey.column import OpenColumn
from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.town import ADMIN, OFFICER, Town, open_town, partner

NEAR, FAR = partner("near"), partner("far")
FOUND_S: Final = 60.0
# What a republishing itself leaves behind: who asked for it, and each event in the outbox anew.
OPERATIONS: Final = "operations"
ANEW: Final = {"outbox": {"id", "published_at"}}


def live(town: Town) -> None:
    """A decline, a lapse, an acceptance with its outcome, and letters about all of them."""
    for agency in (NEAR, FAR):
        contacts = {"contacts": [{"email": f"desk@{agency.agency_id}.example.org"}]}
        town.put(agency, f"/v1/agencies/{agency.agency_id}/contacts", contacts)
    for _ in range(3):
        town.submit(OFFICER)
    no = {"reason": "no_capacity", "side": "provider"}
    first, second, _ = town.offers(NEAR, "open")
    town.step(NEAR, first, "decline", no)
    town.step(NEAR, second, "accept")
    town.step(NEAR, second, "complete", {"outcome": "sheltered"})
    town.pass_time(hours=24)
    tally = {"need": "counselling", "entry_door": "community"}
    town.post(OFFICER, "/v1/tallies", tally, Idempotency_Key=str(uuid4()))
    town.settle()


def send_again(town: Town) -> int:
    """Republish every topic of every service; returns how many events that is."""
    return sum(
        town.post(ADMIN, "/ops/republish", {"service": topic.producer, "topic": topic.name})[
            "events"
        ]
        for topic in TOPICS.values()
    )


def rows(town: Town) -> dict[str, list[str]]:
    """Every row of every table, but for what a republishing itself leaves behind."""
    with town.column.stores() as stores:
        return {
            f"{name}.{table}": _rows(session, table)
            for name, session in stores._asdict().items()
            for table in inspect(session.connection()).get_table_names()
        }


def _rows(session: Session, table: str) -> list[str]:
    found = session.execute(text(f"SELECT * FROM {table}")).mappings()  # noqa: S608 - a table's name
    kept = [row for row in found if OPERATIONS not in (row.get("subject"), row.get("key"))]
    anew = ANEW.get(table, set())
    return sorted(str({name: row[name] for name in row if name not in anew}) for row in kept)


def letters(town: Town) -> dict[str, tuple[bytes, int]]:
    """Every letter, and when it was last written."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in town.column.mail.glob("*.eml")
    }


def test_everything_sent_again_changes_nothing_and_tells_nobody_twice(town: OpenTown) -> None:
    here = town(program("near/beds"), program("far/beds", latitude=41.9))
    live(here)
    before: tuple[Any, Any] = rows(here), letters(here)
    assert len(before[1]) >= 4
    assert send_again(here) > 20
    here.settle()
    after = rows(here)
    assert {name: after[name] for name in after if after[name] != before[0][name]} == {}
    assert letters(here) == before[1]
    assert here.get(ADMIN, "/ops/parked") == {"parked": [], "quarantined": []}


def test_consumers_that_do_not_ask_their_inbox_fail_that(
    column: OpenColumn, tmp_path: Path
) -> None:
    with open_town(column(tmp_path / "home"), program("near/beds")) as here:
        here.submit(OFFICER)
        (offer,) = here.offers(NEAR, "open")
        here.step(NEAR, offer, "accept")
        assert here.violations() == []
        with here.column.forgetful():
            send_again(here)
            found = wait_until(lambda: any("waiting" in v for v in here.violations()), FOUND_S)
        assert found, "the replay was not noticed"
