"""On PostgreSQL the database itself lets an agency at no other agency's programs and places."""

from dataclasses import replace

import pytest
from sqlalchemy import NullPool, create_engine, text

from contracts.problems import NotFoundError
from services.matcher.store import directory
from services.matcher.usecases import halt
from services.matcher.usecases.halt import By
from services.matcher.usecases.publish_programs import publish_programs
from tests.integration.matcher.desk import Desk, partner
from tests.ports.at_once import at_once
from tests.ports.postgres_copies import POSTGRES, Store

IDS = {"programs": "id", "capacity": "program_id"}
on_postgres = pytest.mark.parametrize("database", [POSTGRES], indirect=True)


@on_postgres
@pytest.mark.parametrize("table", IDS)
def test_an_agency_sees_its_own_rows_and_no_others(desk: Desk, table: str) -> None:
    desk.opened(harbour=1, lodge=2)
    query = text(f"SELECT {IDS[table]} FROM {table}")  # noqa: S608
    with desk.wired.database.transaction("harbour") as session:
        assert list(session.scalars(query)) == ["harbour-beds"]
        session.execute(text("UPDATE capacity SET maximum = 90"))
    with desk.wired.database.transaction() as session:
        assert set(session.scalars(query)) == {"harbour-beds", "lodge-beds"}
        assert set(session.scalars(text("SELECT maximum FROM capacity"))) == {90, None}


@on_postgres
@pytest.mark.parametrize("table", IDS)
def test_who_names_no_agency_sees_nothing_and_the_owner_neither(
    desk: Desk, store: Store, table: str
) -> None:
    desk.opened(harbour=1)
    query = text(f"SELECT count(*) FROM {table}")  # noqa: S608
    foreign = [create_engine(url, poolclass=NullPool) for url in (store.app, store.owner)]
    for engine in (desk.wired.database.engine, *foreign):
        with engine.connect() as connection:
            assert connection.scalar(query) == 0


@on_postgres
def test_a_step_that_forgets_whose_program_it_is_finds_none_of_another(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(by: By, *_: object) -> None:
        program = directory.lock_program(by.session, by.target.id)
        if program is None:
            raise NotFoundError("program")
        publish_programs(by.session, by.now, [replace(program, paused=True)])

    desk.opened(harbour=1, lodge=1)
    monkeypatch.setattr(halt, "pause", careless)
    pause = "/v1/programs/lodge-beds/pause"
    assert desk.call(partner("harbour"), "POST", pause, {}).status_code == 404
    assert desk.call(partner("lodge"), "POST", pause, {}).status_code == 200


def test_of_places_stated_at_once_on_one_version_one_statement_stands(desk: Desk) -> None:
    desk.opened(harbour=1)
    path = "/v1/programs/harbour-beds/capacity"

    def state(turn: int) -> int:
        body = {"available": 3 + turn}
        who = partner("harbour")
        return int(desk.call(who, "PUT", path, body, If_Match='"1"').status_code)

    assert sorted(at_once(state, 1, 4)) == [200, 412, 412, 412]
