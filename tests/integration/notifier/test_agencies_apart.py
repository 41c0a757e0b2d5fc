"""On PostgreSQL the database itself shows an agency no other agency's contacts and notices."""

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import ProgrammingError

from services.notifier.routes import contacts as routes
from tests.integration.notifier.conftest import ELSEWHERE, HARBOUR, Desk
from tests.integration.notifier.staffing import invite, join
from tests.integration.notifier.story import Story
from tests.ports.postgres_copies import POSTGRES, Store

pytestmark = pytest.mark.parametrize("database", [POSTGRES], indirect=True)

GUARDED = ("recipients", "contacts", "notices", "reminders")


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """Two agencies with contacts, notices and reminders each."""
    for agency in ("harbour", "elsewhere"):
        desk.contacts(agency)
        desk.notices(Story(agency).submitted().offered(agency).records)
    return desk


@pytest.mark.parametrize("table", GUARDED)
def test_an_agency_sees_its_own_rows_and_no_others(busy: Desk, table: str) -> None:
    query = text(f"SELECT recipient FROM {table}")  # noqa: S608
    with busy.service.database.transaction("harbour") as session:
        assert set(session.scalars(query)) == {"harbour"}
    with busy.service.database.transaction() as session:
        assert set(session.scalars(query)) == {"harbour", "elsewhere"}


def test_an_agency_sees_its_own_staff_and_causes_letters_that_it_does_not_see(busy: Desk) -> None:
    for agency in ("harbour", "elsewhere"):
        _, _, keeper = join(busy, agency_id=agency, administrator=True)
        invite(busy, keeper, agency_id=agency)
    staff, notices = text("SELECT agency_id FROM staff"), text("SELECT recipient FROM notices")
    with busy.service.database.transaction("harbour") as session:
        assert set(session.scalars(staff)) == {"harbour"}
        assert set(session.scalars(notices)) == {"harbour"}
    with busy.service.database.transaction() as session:
        letters = [to for to in session.scalars(notices) if to.startswith("staff:")]
        assert len(letters) == 4
    for other in ("elsewhere", "harbour-annexe"):
        astray = text(f"UPDATE notices SET recipient = '{other}'")  # noqa: S608
        with pytest.raises(ProgrammingError, match="row-level security"):  # noqa: SIM117
            with busy.service.database.transaction("harbour") as session:
                session.execute(astray)


@pytest.mark.parametrize("table", GUARDED)
def test_who_names_no_agency_sees_nothing_and_the_owner_neither(
    busy: Desk, store: Store, table: str
) -> None:
    assert busy.rows(table)
    query = text(f"SELECT count(*) FROM {table}")  # noqa: S608
    foreign = [create_engine(url, poolclass=NullPool) for url in (store.app, store.owner)]
    for engine in (busy.service.database.engine, *foreign):
        with engine.connect() as connection:
            assert connection.scalar(query) == 0


def test_a_route_that_forgets_whose_contacts_it_shows_shows_none_of_another(
    busy: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "seen", lambda _, agency_id: agency_id)
    path = "/v1/agencies/elsewhere/contacts"
    assert busy.get(HARBOUR, path)["contacts"] == []
    assert busy.call(HARBOUR, "PUT", path, {"contacts": []}).status_code >= 400
    assert len(busy.get(ELSEWHERE, path)["contacts"]) == 1
