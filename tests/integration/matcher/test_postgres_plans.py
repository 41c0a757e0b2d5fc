"""On PostgreSQL no route, handler or job of the matcher reads a large table from end to end."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy import text

from contracts.events.lifecycle import OfferAcknowledged, OfferLapsed
from services.chassis.database import Database
from tests.integration.matcher.desk import (
    ADMIN,
    COORDINATOR,
    Desk,
    attempt,
    ended,
    held,
    offered,
    open_desk,
    partner,
    submitted,
)
from tests.ports import query_plans
from tests.ports.postgres_copies import Cluster, Store
from tests.ports.query_plans import Statements

_ID: Final = "lpad(n::text, 32, '0')::uuid"
_AT: Final = "timestamptz '2026-01-01'"
# The needs of a town are dozens, each served by few of its programs.
TABLES: Final = query_plans.CHASSIS | {
    "agencies": "SELECT 'agency-' || n, 'Agency'",
    "programs": (
        "(id, agency_id, name, sector, needs, languages, accommodations, eligibility, hours,"
        " places, time_zone, active, paused, training, version)"
        " SELECT 'old-' || n, 'agency-' || n, 'Old', 'youth', '[\"counselling\"]', '[]', '[]',"
        " '[]', '[]', '[]', 'America/Chicago', true, false, false, 1"
    ),
    "program_needs": "SELECT 'old-' || n, 'need-' || n % 40",
    "capacity": (
        "(program_id, available, stated_at, counts_from, accepted_counted, stated_by, taken,"
        f" version) SELECT 'old-' || n, 2, {_AT}, {_AT}, true, 'agency', 1, 1"
    ),
    "requests": (
        "(referral_id, sector, need, urgency, urgency_rank, submitted_at, accommodations,"
        " preferred, avoided, training, excluded, answered, decision_number, due)"
        f" SELECT {_ID}, 'youth', 'need-' || n % 40, 'routine', 2, {_AT}, '[]', '[]', '[]',"
        " false, '[]', 'routed', 1, false"
    ),
    "reservations": f"SELECT {_ID}, 'old-' || n, 1",
    "acceptances": f"SELECT 'old-' || n, {_ID}, {_AT}",
    "decisions": f"SELECT {_ID}, {_ID}, 1, 1, 'routed', {_AT}, 'policy', '[]', '[]'",
    "halts": f"SELECT 'program', 'old-' || n, 'pause', 'agency-' || n, 'away', {_AT}",
    "agency_lapses": f"SELECT {_ID}, 'agency-' || n, {_AT}",
    "waits": f"SELECT {_ID}, 'old-' || n, 2, {_AT}",
    "journal": f"SELECT -n, {_AT}, 'tick', '{{}}'",
}


def play(desk: Desk) -> None:
    """A story that calls every route, and follows a referral to every end."""
    desk.state("harbour-beds", 1)
    halted_and_silent(desk)
    referral, other = submitted(), submitted()
    desk.hear(referral, other)
    desk.decide()
    desk.hear(offered(referral, "harbour-beds"))
    desk.hear(held(referral, "harbour-beds"), ended(referral))
    desk.hear(attempt(other, 2, by_hand="lodge-beds"))
    desk.decide()
    queued(desk)
    filters = ("", "sector=housing", "need=emergency_shelter", "agency_id=harbour", "training=true")
    for query in filters:
        in_pages(desk, f"/v1/programs?limit=1&{query}")
    in_pages(desk, f"/v1/decisions?limit=1&referral_id={referral.referral_id}")
    for rest in ("", "/capacity"):
        path = f"/v1/programs/harbour-beds{rest}"
        assert desk.call(COORDINATOR, "GET", path).status_code == 200
    path = f"/v1/decisions?referral_id={referral.referral_id}"
    (decision,) = desk.call(COORDINATOR, "GET", path).get_json()["items"]
    path = f"/v1/decisions/{decision['decision_id']}"
    assert desk.call(COORDINATOR, "GET", path).status_code == 200


def halted_and_silent(desk: Desk) -> None:
    """Agencies and programs that stop and go on, and what they say of themselves meanwhile."""
    for who, steps in ((partner("harbour"), ("pause", "resume")), (ADMIN, ("close", "reopen"))):
        for step in steps:
            for path in ("programs/harbour-beds", "directory/agencies/harbour"):
                body = {"reason": "away"} if step == "pause" else {}
                answer = desk.call(who, "POST", f"/v1/{path}/{step}", body)
                assert answer.status_code == 200, answer.text
    until = {"until": (desk.clock.now() + timedelta(minutes=1)).isoformat()}
    desk.call(COORDINATOR, "POST", "/v1/programs/lodge-beds/pause", until)
    desk.clock.advance(timedelta(minutes=2))
    for kind in (OfferLapsed, OfferAcknowledged):
        desk.clock.advance(timedelta(minutes=1))
        snapshot = ended(submitted())
        event = kind(
            snapshot=snapshot, offer_id=uuid4(), program_id="harbour-beds", agency_id="harbour"
        )
        desk.hear_event(event, snapshot.referral_id, 1)
    in_pages(desk, "/v1/directory/agencies?limit=1")


def queued(desk: Desk) -> None:
    """Somebody waits, and is counted."""
    alone = submitted()
    desk.hear(alone)
    desk.decide()
    for query in ("", "&sector=housing"):
        in_pages(desk, f"/v1/queue?limit=1{query}")
    assert desk.call(partner("harbour"), "GET", "/v1/queue").status_code == 200
    path = f"/v1/queue/{alone.referral_id}"
    assert desk.call(COORDINATOR, "GET", path).status_code == 200


def in_pages(desk: Desk, path: str) -> None:
    """The first two pages of a list."""
    answer: Any = desk.call(COORDINATOR, "GET", path).get_json()
    if answer["next"]:
        after = desk.call(COORDINATOR, "GET", f"{path}&after={answer['next']}")
        assert after.status_code == 200


Full = tuple[Desk, Database, Statements, set[str]]


@pytest.fixture(scope="module")
def full(
    cluster: Cluster, template: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Full]:
    """A desk in a full town, its owner's way in, a story's statements and the routes it called."""
    folder = tmp_path_factory.mktemp("full")
    with (
        cluster.copy(template) as store,
        open_desk(folder / "home", store.app) as desk,
        closing(Database(store.owner)) as owner,
    ):
        desk.opened(harbour=1, lodge=1)
        query_plans.fill(owner, TABLES)
        engine, app = desk.wired.database.engine, desk.wired.app
        with query_plans.listened(engine) as made, query_plans.called(app) as routes:
            play(desk)
            query_plans.keep_going(desk.wired, folder)
        yield desk, owner, made, routes


def test_no_large_table_is_read_through(full: Full) -> None:
    desk, _, made, _ = full
    with desk.wired.database.engine.connect() as connection:
        assert query_plans.read_through(connection, made, TABLES) == set()


def test_the_story_calls_every_route_but_the_one_that_reads_everything(full: Full) -> None:
    desk, _, made, routes = full
    # An import compares the whole directory with the one that is stored.
    assert query_plans.endpoints(desk.wired.app) - routes == {"imports.imports_post_import"}
    assert len(made) > 30


@pytest.mark.parametrize("index", ["ix_requests_due", "ix_reservations_program_id"])
def test_without_its_index_a_table_is_read_through(full: Full, index: str) -> None:
    _, owner, made, _ = full
    with owner.engine.connect() as connection:
        connection.execute(text(f"DROP INDEX {index}"))
        assert query_plans.read_through(connection, made, TABLES)
        connection.rollback()
