"""A database that takes no more rows: 503, nothing of the request is kept, and then it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import uuid4

from contracts.problems import JSON, Problem
from services.chassis.database import Database
from services.chassis.tables import metadata as shared
from services.referral_api.tables import Base
from tests.integration.referral_api.office import OFFICER, Office, submission

PATH: Final = "/v1/referrals"
# What SQLite's last pages still hold is soon used up.
SOON: Final = 100
# The error with which PostgreSQL tells of a full disk, at the last row that a request adds.
_FILL: Final = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION no_room();
"""
_CLEAR: Final = "DROP TRIGGER no_room ON outbox; DROP FUNCTION no_room();"
_LAST_PAGE: Final = "PRAGMA max_page_count = {}"
_NO_END: Final = 4_294_967_294


@contextmanager
def full(behind: Database) -> Iterator[None]:
    """A time in which the database has no room left."""
    fill, clear = _FILL, _CLEAR
    if not behind.on_postgres:
        fill, clear = _LAST_PAGE.format(1), _LAST_PAGE.format(_NO_END)
    _do(behind, fill)
    try:
        yield
    finally:
        _do(behind, clear)


def _do(behind: Database, command: str) -> None:
    """Outside any transaction of SQLite's: its one connection keeps what it is told."""
    with behind.engine.connect().execution_options(reads_alone=True) as connection:
        connection.exec_driver_sql(command)
        connection.commit()


def rows(office: Office) -> dict[str, int]:
    """How many rows each table has."""
    names = sorted({*shared.tables, *Base.metadata.tables})
    return {name: office.rows(f"SELECT count(*) FROM {name}")[0][0] for name in names}  # noqa: S608 - a table's name


def test_a_submission_that_finds_no_room_leaves_nothing_and_may_be_sent_again(
    office: Office,
) -> None:
    with full(office.behind):
        for _ in range(SOON):
            before, body, key = rows(office), submission(), str(uuid4())
            answer = office.call(OFFICER, "POST", PATH, body, Idempotency_Key=key)
            if answer.status_code != 201:
                break
        assert answer.status_code == 503
        assert answer.content_type == JSON
        assert answer.json["type"] == Problem.UNAVAILABLE.value.type
        assert "Retry-After" in answer.headers
        assert rows(office) == before
        assert office.call(OFFICER, "GET", PATH).status_code == 200
    kept = office.call(OFFICER, "POST", PATH, body, Idempotency_Key=key)
    assert kept.status_code == 201
    assert rows(office)["referrals"] == before["referrals"] + 1
