"""On PostgreSQL no route, handler or job of the matcher reads a large table from end to end."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from contracts.events.lifecycle import OfferAcknowledged, OfferLapsed
from services.chassis.database import Database
from services.matcher.domain.listing import public_id
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

BEDS: Final = public_id("services", "harbour-beds")
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
    "acceptances": f"SELECT 'old-' || n, {_ID}, {_AT}, {_AT}",
    "decisions": f"SELECT {_ID}, {_ID}, 1, 1, 'routed', {_AT}, 'policy', '[]', '[]'",
    "halts": f"SELECT 'program', 'old-' || n, 'pause', 'agency-' || n, 'away', {_AT}",
    "agency_lapses": f"SELECT {_ID}, 'agency-' || n, {_AT}",
    "waits": f"SELECT {_ID}, 'old-' || n, 2, {_AT}",
    "policies": (f"SELECT n - 999999, 'old-' || n, false, '{{}}', {_AT}, 'somebody', 'to try it'"),
    "plans": (f"SELECT n - 999999, {_AT}, {_AT}, {_AT}, 'old-' || n, 'look_ahead', 1, 1, 0, 0"),
    "listings": (
        "SELECT 'kind-' || n % 40, lpad(n::text, 36, '0'), 'old-' || n, 'Old', 'agency-' || n,"
        f" 'old-' || n, {_AT}, '{{}}', '{{}}'"
    ),
    "listing_terms": (
        "SELECT 'kind-' || n % 40, lpad(n::text, 36, '0'), lpad(n::text, 36, '0'),"
        " lpad((n % 40)::text, 36, '0')"
    ),
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


def served(desk: Desk) -> None:
    """Places stated in bulk, and the directory by all that an HSDS API may be asked of it."""
    said = {"statements": [{"program_id": "harbour-beds", "available": 1}]}
    assert desk.call(partner("harbour"), "POST", "/v1/capacity-statements", said).status_code == 200
    whose = f"organization_id={public_id('organizations', 'harbour')}"
    term = f"taxonomy_term_id={public_id('taxonomy_terms', 'need:emergency_shelter')}"
    asked = {
        "services": ("full=true", whose, term, "modified_after=2027-01-01T00:00:00Z", "search=b"),
        "organizations": ("full_service=true", f"taxonomy_id={UUID(int=0)}"),
        "service_at_locations": (whose,),
        "taxonomies": ("page=2",),
        "taxonomy_terms": ("per_page=1",),
    }
    assert desk.call(COORDINATOR, "GET", "/v1/hsds/").status_code == 200
    for path, queries in asked.items():
        for query in queries:
            for method in ("GET", "POST"):
                page = desk.call(COORDINATOR, method, f"/v1/hsds/{path}?{query}")
                assert page.status_code == 200, page.text
        one = desk.call(COORDINATOR, "GET", f"/v1/hsds/{path}/{BEDS}")
        assert one.status_code == (200 if path == "services" else 404)


def queued(desk: Desk) -> None:
    """Somebody waits, and is counted; an officer asks who could help."""
    alone = submitted()
    desk.hear(alone)
    desk.decide()
    for query in ("", "&sector=housing"):
        in_pages(desk, f"/v1/queue?limit=1{query}")
    assert desk.call(partner("harbour"), "GET", "/v1/queue").status_code == 200
    path = f"/v1/queue/{alone.referral_id}"
    assert desk.call(COORDINATOR, "GET", path).status_code == 200
    asked = {"need": "emergency_shelter"}
    assert desk.call(COORDINATOR, "POST", "/v1/match-previews", asked).status_code == 200


def planned(desk: Desk) -> None:
    """A policy that holds places back is put in force, a plan made and followed, and forsaken."""
    for version, hold_back in (("ahead-1", True), ("daily-1", False)):
        body = {"policy": {"version": version, "hold_back": hold_back}, "because": "to try it"}
        assert desk.call(ADMIN, "POST", "/v1/policies", body).status_code == 201
        for job in desk.wired.jobs:
            desk.wired.due(job.name)
            job.tick()
        plan = desk.call(COORDINATOR, "GET", "/v1/policies/in-force").get_json()["plan"]
        assert (plan is not None) is hold_back
        if plan:
            path = f"/v1/plans/{plan['number']}"
            assert desk.call(COORDINATOR, "GET", path).status_code == 200
    for path in ("/v1/policies?limit=1", "/v1/plans?limit=1"):
        in_pages(desk, path)


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
        # The directory is read once, by whoever looks at it first.
        desk.call(COORDINATOR, "POST", "/v1/match-previews", {"need": "emergency_shelter"})
        query_plans.fill(owner, TABLES)
        engine, app = desk.wired.database.engine, desk.wired.app
        with query_plans.listened(engine) as made, query_plans.called(app) as routes:
            play(desk)
            planned(desk)
            served(desk)
            query_plans.keep_going(desk.wired, folder)
        yield desk, owner, made, routes


def test_no_large_table_is_read_through(full: Full) -> None:
    desk, _, made, _ = full
    with desk.wired.database.engine.connect() as connection:
        assert query_plans.read_through(connection, made, TABLES) == set()


def test_the_story_calls_every_route_but_those_that_read_everything(full: Full) -> None:
    desk, _, made, routes = full
    # An import compares the whole directory with the one that is stored; a check looks it over.
    assert query_plans.endpoints(desk.wired.app) - routes == {
        "imports.imports_post_import",
        "directory_check.directory_check_check",
    }
    assert len(made) > 30


@pytest.mark.parametrize("index", ["ix_requests_due", "ix_reservations_program_id"])
def test_without_its_index_a_table_is_read_through(full: Full, index: str) -> None:
    _, owner, made, _ = full
    with owner.engine.connect() as connection:
        connection.execute(text(f"DROP INDEX {index}"))
        assert query_plans.read_through(connection, made, TABLES)
        connection.rollback()
