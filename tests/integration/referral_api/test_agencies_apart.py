"""On PostgreSQL the database itself shows an agency no other agency's rows."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text

from services.referral_api.store import offers
from services.referral_api.usecases import offered
from tests.integration.referral_api.office import COORDINATOR, FAR, NEAR, Office
from tests.ports.postgres_copies import POSTGRES

pytestmark = pytest.mark.parametrize("office", [POSTGRES], indirect=True)

GUARDED = (
    *("offers", "referrals", "contact_attempts", "consents", "person_fields", "refusals"),
    *("handoffs", "duplicates"),
)
COUNT = "SELECT count(*) FROM {}"
SAY_NO = {"reason": "no_capacity", "side": "provider"}


def seen_by(office: Office, agency: str, query: str) -> list[Any]:
    """What a query finds in a transaction of an agency."""
    with office.service.database.transaction(agency) as session:
        return [row[0] for row in session.execute(text(query))]


def counted(engine: Engine) -> Iterator[tuple[str, int]]:
    """The rows of each guarded table for a connection that says nothing of an agency."""
    with engine.connect() as connection:
        for table in GUARDED:
            yield table, connection.scalar(text(COUNT.format(table))) or 0


def busy(office: Office) -> tuple[str, str]:
    """Two referrals, every guarded table in use; the offers that near and far hold."""
    _, (_, declined) = office.offered("near-beds", "far-beds")
    office.step(FAR, declined, "decline", SAY_NO)
    held = []
    for who, program in ((NEAR, "near-beds"), (FAR, "far-beds")):
        _, (offer,) = office.offered(program)
        office.step(who, offer, "accept")
        office.step(who, offer, "contacts", {"mode": "call", "reached": True})
        held.append(offer)
    (one, _), *_ = office.rows("SELECT referral_id, id FROM offers WHERE state = 'accepted'")
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{one}/handoff", {"kind": "cold"})
    office.run_jobs()
    return held[0], held[1]


def test_an_agency_sees_its_own_rows_and_no_others(office: Office) -> None:
    busy(office)
    assert set(seen_by(office, "near", "SELECT agency_id FROM offers")) == {"near"}
    assert seen_by(office, "near", "SELECT count(*) FROM offers") == [2]
    assert seen_by(office, "near", "SELECT count(*) FROM referrals") == [2]
    assert seen_by(office, "near", "SELECT count(*) FROM contact_attempts") == [1]
    assert seen_by(office, "near", "SELECT count(*) FROM consents") == [1]
    for others in ("refusals", "duplicates"):
        assert seen_by(office, "near", COUNT.format(others)) == [0]
    told = seen_by(office, "near", COUNT.format("handoffs"))
    assert [*told, *seen_by(office, "far", COUNT.format("handoffs"))] in ([1, 0], [0, 1])
    assert office.rows("SELECT count(*) FROM offers") == [(4,)]


def test_who_names_no_agency_sees_nothing_and_the_owner_neither(office: Office) -> None:
    busy(office)
    nothing = dict.fromkeys(GUARDED, 0)
    for database in (office.service.database, office.behind):
        foreign = create_engine(database.url, poolclass=NullPool)
        assert dict(counted(foreign)) == dict(counted(database.engine)) == nothing
    assert all(office.rows(COUNT.format(table)) != [(0,)] for table in GUARDED)


def test_a_person_is_shown_to_the_agency_that_holds_the_referral(office: Office) -> None:
    persons = "SELECT count(*) FROM person_fields"
    _, (near, _) = office.offered("near-beds", "far-beds")
    assert seen_by(office, "near", persons) == seen_by(office, "far", persons) == [0]
    office.step(NEAR, near, "accept")
    assert seen_by(office, "near", persons) == list(office.rows(persons)[0])
    assert seen_by(office, "far", persons) == [0]
    office.step(NEAR, near, "not-served", SAY_NO)
    assert seen_by(office, "near", persons) == [0]


def test_an_agency_changes_no_row_of_another(office: Office) -> None:
    _, far = busy(office)
    with office.service.database.transaction("near") as session:
        changed: Any = session.execute(
            text("UPDATE offers SET attempt = 9 WHERE id = :id"), {"id": far}
        )
        assert changed.rowcount == 0


def test_a_list_that_forgets_whose_it_is_shows_the_own_offers_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(office)
    right = offers.page
    monkeypatch.setattr(offers, "page", lambda s, _, *rest, **more: right(s, None, *rest, **more))
    mine = office.ok(NEAR, "GET", "/v1/offers")["items"]
    assert {item["agency_id"] for item in mine} == {"near"}
    assert len(office.ok(COORDINATOR, "GET", "/v1/offers")["items"]) == 4


@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("GET", "/person"), ("POST", "/engage")])
def test_a_step_that_forgets_whose_it_is_finds_no_offer_of_another(
    office: Office, monkeypatch: pytest.MonkeyPatch, method: str, rest: str
) -> None:
    _, far = busy(office)
    monkeypatch.setattr(offered, "check_is_theirs", lambda *_: None)
    body: dict[str, str] | None = {} if method == "POST" else None
    assert office.refused(NEAR, method, f"/v1/offers/{far}{rest}", body) == 404
    assert office.call(FAR, method, f"/v1/offers/{far}{rest}", body).status_code == 200
