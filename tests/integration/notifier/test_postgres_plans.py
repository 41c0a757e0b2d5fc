"""On PostgreSQL no route, handler or job of the notifier reads a large table from end to end."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import pytest
from sqlalchemy import text

from services.chassis.database import Database
from tests.integration.notifier.conftest import (
    ADMIN,
    COORDINATOR,
    HARBOUR,
    MANAGER,
    Desk,
    open_desk,
)
from tests.integration.notifier.staffing import INVITATIONS, invite, join
from tests.integration.notifier.story import Story, program, said_no
from tests.ports import query_plans
from tests.ports.postgres_copies import Cluster, Store
from tests.ports.query_plans import Statements

_ID: Final = "lpad(n::text, 32, '0')::uuid"
_AT: Final = "timestamptz '2026-01-01'"
_AGENCY: Final = "'agency-' || n % 500"
_MONTH: Final = "to_char(date '1950-01-01' + n % 900 * interval '1 month', 'YYYY-MM')"
_CELL: Final = f"CASE n % 7 WHEN 0 THEN 'all' ELSE 'agency' END, {_MONTH}, 'v' || n, 'submitted'"
TABLES: Final = query_plans.CHASSIS | {
    "programs": f"SELECT 'old-' || n, {_AGENCY}, 1, 'America/Chicago'",
    "notices": (
        "(notice_id, referral_id, recipient, template, version, reference, sector, urgency,"
        " training, state, created_at, next_at, attempts)"
        f" SELECT {_ID}, {_ID}, {_AGENCY}, 'offer_made', '1', '7QK4-M2XD', 'housing', 'urgent',"
        f" false, 'sent', {_AT} + n * interval '1 minute', {_AT}, 1"
    ),
    "reminders": (
        f"SELECT {_ID}, {_ID}, timestamptz '2040-01-01' + n * interval '1 minute', {_AGENCY},"
        " '7QK4-M2XD', 'housing', 'urgent', false, 'old', timestamptz '2040-01-01'"
    ),
    "staff": (
        "(staff_id, role, agency_id, administrator, state, subject, details, everyday, hours,"
        " version, invited_at, joined_at, letters, code_name, code_tries)"
        f" SELECT {_ID}, 'partner', {_AGENCY}, false, 'active', 'old-' || n, '', true, '[]', 1,"
        f" {_AT} + n * interval '1 minute', {_AT}, 1, 'old-' || n, 0"
    ),
    "recipients": "SELECT 'agency-' || n, 1",
    "contacts": "SELECT 'agency-' || n, 0, 'desk@example.org', NULL, false",
    "progress": (
        "(referral_id, state, submitted_at, sector, urgency, age_band, training, origin,"
        " waitlisted, unplaced, offers)"
        f" SELECT {_ID}, 'closed', {_AT}, 'housing', 'urgent', '25_34', false, 'live', false,"
        " false, '[]'"
    ),
    "rollup_counts": f"SELECT {_CELL}, 1",
    "rollup_times": f"SELECT {_CELL}, 5, 1",
}
CONTACTS: Final = "/v1/agencies/harbour/contacts"
Full = tuple[Desk, Database, Statements, set[str]]


def play(desk: Desk) -> None:
    """A story that calls every route, and tells of offers that end in each way."""
    live, served = tell(desk)
    desk.work()
    for _ in range(2):
        tag = desk.call(HARBOUR, "GET", CONTACTS).headers["ETag"]
        body = {"contacts": [{"email": "desk@harbour.example.org"}]}
        assert desk.call(HARBOUR, "PUT", CONTACTS, body, If_Match=tag).status_code == 200
    desk.contacts("coordinator")
    desk.get(ADMIN, "/v1/contacts/coordinator")
    desk.clock.set(live.live[0].deadline_at)
    desk.work()
    for query in ("", "state=sent&", f"referral_id={served.referral_id}&"):
        first = desk.get(COORDINATOR, f"/v1/notices?{query}limit=1")
        if first["next"]:
            desk.get(COORDINATOR, f"/v1/notices?{query}limit=1&after={first['next']}")
    keep_staff(desk)
    for figures in ("summary?by=sector&", "funnel?", "firewall?"):
        desk.get(MANAGER, f"/v1/outcomes/{figures}from=2027-01&to=2027-12")


def keep_staff(desk: Desk) -> None:
    """Somebody is invited, joins, is on call, and leaves; somebody else never comes."""
    staff_id, _, keeper = join(desk, administrator=True)
    invited, _ = invite(desk, keeper)
    for step in ("send-again", "withdraw"):
        assert desk.call(keeper, "POST", f"{INVITATIONS}/{invited}/{step}", {}).status_code == 200
    for query in ("agency_id=harbour", "unit_id=central", "agency_id=harbour&state=active"):
        desk.get(ADMIN, f"/v1/staff?{query}&limit=1")
    desk.get(COORDINATOR, "/v1/agencies/harbour/on-call")
    path = f"/v1/staff/{staff_id}"
    tag = desk.call(keeper, "GET", path).headers["ETag"]
    assert desk.call(keeper, "PUT", f"{path}/duty", {}, If_Match=tag).status_code == 200
    assert desk.call(ADMIN, "POST", f"{path}/leave", {}).status_code == 200
    assert desk.call(ADMIN, "POST", "/v1/access/end", {"subject": "lost"}).status_code == 200


def tell(desk: Desk) -> tuple[Story, Story]:
    """Referrals of every kind of end; returns one with a live offer, and one that was served."""
    served = Story("served").submitted().offered().accepted().contacted().engaged().completed()
    lapsed = Story("lapsed").submitted().offered("harbour").offered("lodge").lapsed().declined()
    alone = Story("alone").submitted().waitlisted().unplaced().review()
    live = Story("live").submitted().offered()
    for story in (served, lapsed, alone, live):
        desk.notices(story.records)
        desk.outcomes(story.records)
    desk.notices([program("harbour-beds", "America/Chicago")])
    desk.outcomes([said_no(1)])
    return live, served


@pytest.fixture(scope="module")
def full(
    cluster: Cluster, template: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Full]:
    """A desk in a full town, its owner's way in, a story's statements and the routes it called."""
    folder = tmp_path_factory.mktemp("full")
    with cluster.copy(template) as store, ExitStack() as left:
        desk, owner = open_desk(folder / "home", database=store.app), Database(store.owner)
        for database in (owner, desk.service):
            left.callback(database.close)
        query_plans.fill(owner, TABLES)
        engine, app = desk.service.database.engine, desk.service.app
        with query_plans.listened(engine) as made, query_plans.called(app) as routes:
            play(desk)
            query_plans.keep_going(desk.service, folder)
        yield desk, owner, made, routes


def test_no_large_table_is_read_through(full: Full) -> None:
    desk, _, made, _ = full
    with desk.service.database.engine.connect() as connection:
        assert query_plans.read_through(connection, made, TABLES) == set()


def test_the_story_calls_every_route_but_the_one_that_empties_everything(full: Full) -> None:
    desk, _, made, routes = full
    # To empty the figures is to go through all of them.
    assert query_plans.endpoints(desk.service.app) - routes == {"outcomes.outcomes_rebuild_figures"}
    assert len(made) > 30


@pytest.mark.parametrize("index", ["ix_reminders_due_at", "ix_outbox_unpublished"])
def test_without_its_index_a_table_is_read_through(full: Full, index: str) -> None:
    _, owner, made, _ = full
    with owner.engine.connect() as connection:
        connection.execute(text(f"DROP INDEX {index}"))
        assert query_plans.read_through(connection, made, TABLES)
        connection.rollback()
