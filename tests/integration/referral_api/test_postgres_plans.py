"""On PostgreSQL no route, handler or job reads a large table from end to end."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest
from sqlalchemy import text

from contracts.events import access
from contracts.events.routing import Deferred, Unplaced, Waitlisted
from services.chassis import ended_access
from tests.integration.referral_api.conftest import opened
from tests.integration.referral_api.office import (
    ADMIN,
    COORDINATOR,
    FAR,
    NEAR,
    OFFICER,
    START,
    Office,
)
from tests.ports import query_plans
from tests.ports.postgres_copies import POSTGRES
from tests.ports.query_plans import Statements

_ID: Final = "lpad(n::text, 32, '0')::uuid"
_AT: Final = "timestamptz '2026-01-01'"
TABLES: Final = query_plans.CHASSIS | {
    "programs": "SELECT 'old-' || n, 'agency-' || n % 500, 'Old', 1, false, true, false",
    "tallies": f"SELECT {_ID}, 'central', 'counselling', 'community', false, {_AT}",
    "referrals": (
        "(id, reference, encounter_id, unit_id, submitted_by, submitted_at, origin, training, need,"
        " urgency, accommodations, preferred, avoided, state, attempt, attempt_open,"
        " attempt_opened_at, closed_at, facts_version, version)"
        f" SELECT {_ID}, n::text, {_ID}, CASE n % 9 WHEN 0 THEN 'academy' ELSE 'central' END,"
        f" 'officer-' || n % 700, {_AT}, 'live', false, 'counselling', 'routine', '[]', '[]', '[]',"
        f" 'closed', 1, false, {_AT}, {_AT}, 1, 1"
    ),
    "offers": (
        "(id, referral_id, program_id, agency_id, attempt, need, urgency, state, offered_at,"
        " deadline_at, answered_at, ended_at)"
        f" SELECT {_ID}, {_ID}, 'old-' || n, 'agency-' || n % 500, 1, 'counselling', 'routine',"
        f" 'completed', {_AT}, {_AT}, {_AT}, {_AT}"
    ),
    "work_items": f"SELECT {_ID}, {_AT} + n * interval '1 second', 'cy-' || n % 50",
    "attentions": (
        f"SELECT {_ID}, CASE n % 3 WHEN 0 THEN 'unplaced' ELSE 'waitlisted' END, {_AT},"
        f" {_AT} + n * interval '1 second'"
    ),
    "handoffs": f"SELECT {_ID}, 'cold', NULL, NULL, NULL, {_AT}",
    "duplicates": f"SELECT {_ID}, {_ID}, '[]', 'same', {_AT}, {_AT}, 'cy'",
    "refusals": f"SELECT {_ID}, 'old', 'declined', {_AT}",
    "contact_attempts": f"SELECT {_ID}, {_ID}, 'call', true, {_AT}, {_AT}",
    "consents": (
        "(referral_id, version, status, scope, given_by, method, since)"
        f" SELECT {_ID}, 1, 'given', 'all_stated', 'self', 'spoken', {_AT}"
    ),
    "person_fields": f"SELECT {_ID}, 'name', '', ''::bytea",
}
NO: Final = {"reason": "no_capacity", "side": "provider", "note": "full"}
GONE: Final = {"reason": "disengaged", "side": "person"}


def play(office: Office) -> None:
    """A story that calls every route, hears every answer, and lets every timer run out."""
    offered_and_served(office)
    led_by_the_coordinator(office)
    worked_through(office)
    consented_and_erased(office)
    met_twice(office)
    told_who_left(office)
    for path in ("/v1/referrals", "/v1/offers", "/v1/units"):
        in_pages(office, path)
    for query in ("state=offered", "unit_id=central", "unit_id=central&state=offered"):
        in_pages(office, f"/v1/referrals?{query}")
    for query in ("state=open", "live=true", "live=false"):
        in_pages(office, f"/v1/offers?{query}")
    office.ok(OFFICER, "GET", "/v1/deadlines")
    office.ok(ADMIN, "PUT", "/v1/units/central", {"name": "Central", "training": False})
    tally = {"need": "counselling", "entry_door": "community"}
    office.ok(OFFICER, "POST", "/v1/tallies", tally, Idempotency_Key="tally")
    office.publish_program("near-beds", 2)
    office.publish_program("far-beds", 2, active=False)
    office.pass_time(hours=30)


def offered_and_served(office: Office) -> None:
    """Offers that are answered in each way there is."""
    referral, (near, far) = office.offered("near-beds", "far-beds")
    office.step(FAR, far, "decline", NO)
    for step, body in (
        ("acknowledge", {}),
        ("accept", {}),
        ("contacts", {"mode": "call", "reached": True}),
        ("engage", {}),
        ("complete", {"outcome": "housed"}),
    ):
        office.step(NEAR, near, step, body)
        office.ok(NEAR, "GET", f"/v1/offers/{near}")
        if step == "engage":
            office.ok(NEAR, "GET", f"/v1/offers/{near}/person")
            office.step(NEAR, near, "facts", {"documents": "ready"})
    for rest in ("", "/history", "/audit", "/disclosures", "/notes"):
        office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}{rest}")
    _, (returned,) = office.offered("near-beds")
    office.step(NEAR, returned, "accept")
    office.step(NEAR, returned, "not-served", GONE)
    office.offered("near-beds", "far-beds")


def consented_and_erased(office: Office) -> None:
    """Consents that are obtained, expire, are revoked by each who may, and a person erased."""
    given = {"scope": "all_stated", "given_by": "self", "method": "spoken"}
    cannot = {"cannot_consent_now": True}
    referral, (near, _) = office.offered("near-beds", "far-beds", consent=cannot)
    office.step(NEAR, near, "accept")
    office.step(NEAR, near, "consent", given | {"expires_at": "2027-03-02T15:00:00Z"})
    office.ok(OFFICER, "POST", f"/v1/referrals/{referral}/consent", given)
    office.ok(OFFICER, "POST", f"/v1/referrals/{referral}/revoke-consent", {})
    office.step(NEAR, near, "acknowledge-revocation")
    office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/consents")
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/erase", {"reason": "person_asked"})
    _, (held,) = office.offered("near-beds")
    office.step(NEAR, held, "accept")
    office.step(NEAR, held, "revoke-consent", {"note": "said so at the door"})
    short = given | {"expires_at": "2027-03-01T16:00:00Z"}
    silent, (held,) = office.offered("near-beds", consent=short)
    office.step(NEAR, held, "accept")
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{silent}/revoke-consent", {})
    office.offered("near-beds", consent=short)


def led_by_the_coordinator(office: Office) -> None:
    """Referrals that no agency ends."""
    referral = office.submit()
    office.ok(OFFICER, "POST", f"/v1/referrals/{referral}/facts", {"gender": "woman"})
    tag = f'"{office.seen(referral)["version"]}"'
    office.ok(OFFICER, "PATCH", f"/v1/referrals/{referral}", {"urgency": "routine"}, If_Match=tag)
    office.propose(Deferred, referral, until=START)
    for answer in (Waitlisted, Unplaced):
        office.propose(answer, referral)
    steps: dict[str, dict[str, Any]] = {
        "reroute": {},
        "place": {"program_id": "near-beds", "note": "agreed"},
        "withdraw": {"reason": "declined"},
        "enter-in-error": {"note": "twice"},
    }
    for step, body in steps.items():
        office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/{step}", body)
    other = office.submit()
    office.propose(Unplaced, other)
    end = {"outcome": "not_served", "reason": "no_capacity", "side": "provider"}
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{other}/close", end)


def worked_through(office: Office) -> None:
    """The worklist in each of its orders, taken from, handed over, and answered by phone."""
    referral = office.submit()
    office.propose(Unplaced, referral)
    reasons = ("why=unplaced", "why=waitlisted&sector=mental_health")
    for query in ("limit=50", *reasons, "assigned=mine", "assigned=nobody"):
        in_pages(office, f"/v1/worklist?{query}")
    office.ok(COORDINATOR, "POST", f"/v1/worklist/{referral}/take", {})
    over = {"to": "coordinator-di", "note": "on leave"}
    office.ok(COORDINATOR, "POST", "/v1/worklist/hand-over", over)
    asked = {"program_id": "far-beds", "note": "they have a cot", "insist": True}
    placed = office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/place", asked)
    office.step(
        COORDINATOR, placed["offers"][0]["offer_id"], "accept", {"told_by": "the night desk"}
    )


def met_twice(office: Office) -> None:
    """A person who was brought, and is recognised when they are met again."""
    older, newer = office.submit(), office.submit()
    path = f"/v1/referrals/{older}/handoff"
    office.ok(OFFICER, "POST", path, {"kind": "phone", "called_at": START.isoformat()})
    office.ok(OFFICER, "GET", path)
    office.run_jobs()
    office.ok(COORDINATOR, "GET", f"/v1/referrals/{newer}/duplicates")
    said = {"state": "same", "note": "they say so"}
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{newer}/duplicates/{older}/settle", said)


def told_who_left(office: Office) -> None:
    """A coordinator leaves who has an item that waits, and one that does not."""
    leaver = replace(COORDINATOR, subject="coordinator-ed")
    taken = [office.submit() for _ in range(2)]
    for referral in taken:
        office.propose(Unplaced, referral)
        office.ok(leaver, "POST", f"/v1/worklist/{referral}/take", {})
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{taken[0]}/reroute", {})
    access_id, now = ended_access.of_actor(leaver), office.clock.now()
    news = access.AccessEnded(access_id=access_id, ended_at=now, left=True)
    office.hear(access.TOPIC, access_id, news)
    office.run_jobs()
    assert office.rows("SELECT * FROM work_items WHERE assigned_to = 'coordinator-ed'") == []


def in_pages(office: Office, path: str) -> None:
    """The first two pages of a list, for each who may have it."""
    mark = "&" if "?" in path else "?"
    readers = [COORDINATOR]
    readers += [NEAR] if "offers" in path else []
    readers += [OFFICER] if path == "/v1/referrals" else []
    for who in readers:
        after = office.ok(who, "GET", f"{path}{mark}limit=1")["next"]
        if after:
            office.ok(who, "GET", f"{path}{mark}limit=1&after={after}")


@pytest.fixture(scope="module", params=[POSTGRES])
def full(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Office, Statements, set[str]]]:
    """An office in a full town, the statements of a story there, and the routes that it called."""
    folder = tmp_path_factory.mktemp("full")
    with opened(request) as office:
        query_plans.fill(office.behind, TABLES)
        engine, app = office.service.database.engine, office.service.app
        with query_plans.listened(engine) as made, query_plans.called(app) as routes:
            play(office)
            query_plans.keep_going(office.service, folder)
        yield office, made, routes


def test_no_large_table_is_read_through(full: tuple[Office, Statements, set[str]]) -> None:
    office, made, _ = full
    with office.service.database.engine.connect() as connection:
        assert query_plans.read_through(connection, made, TABLES) == set()


def test_the_story_calls_every_route_but_the_one_that_reads_everything(
    full: tuple[Office, Statements, set[str]],
) -> None:
    office, made, routes = full
    # To send the whole history again is to read all of it, as counting a list reads the list.
    everything = {"history.history_republish_history", "worklist.worklist_count_worklist"}
    assert query_plans.endpoints(office.service.app) - routes == everything
    assert len(made) > 50


@pytest.mark.parametrize(
    "index", ["ix_offers_referral_id", "ix_outbox_unpublished", "ix_work_items_taken"]
)
def test_without_its_index_a_table_is_read_through(
    full: tuple[Office, Statements, set[str]], index: str
) -> None:
    office, made, _ = full
    with office.behind.engine.connect() as connection:
        connection.execute(text(f"DROP INDEX {index}"))
        assert query_plans.read_through(connection, made, TABLES)
        connection.rollback()
