"""Pages: walking them meets every row once and in order, while others write."""

import base64
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError
from sqlalchemy import Column, Integer, MetaData, String, Table, Uuid, delete, select

from contracts.problems import ProblemError
from services.chassis.columns import UtcDateTime
from services.chassis.database import Database
from services.chassis.pages import LONGEST, PageQuery, cut, page_of
from tests.ports.samples import NOON

metadata = MetaData()
things = Table(
    "things",
    metadata,
    Column("at", UtcDateTime, primary_key=True),
    Column("name", String(20), primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("weight", Integer, nullable=False),
)
KEYS = (things.c.at, things.c.name, things.c.id)
NAMES = ("at", "name", "id")

# Times that differ by microseconds and by years, names in several scripts, equal parts often.
ROWS = st.builds(
    lambda micro, name, number: {
        "at": NOON + timedelta(microseconds=micro),
        "name": name,
        "id": UUID(int=number),
        "weight": 0,
    },
    st.sampled_from([0, 1, 10, 999_999, 1_000_000, 10**12, -1, -(10**13)]),
    st.text("aZ é☃", max_size=3),
    st.integers(0, 2**128 - 1) | st.integers(0, 3),
)


@pytest.fixture(scope="module")
def database() -> Database:
    """One database for many examples."""
    made = Database("sqlite://")
    metadata.create_all(made.engine)
    return made


def place(row: Any) -> tuple[datetime, bytes, str]:
    """Where a row stands: SQLite orders texts by bytes."""
    values = row if isinstance(row, dict) else row._mapping  # noqa: SLF001 - SQLAlchemy's own way
    return values["at"], values["name"].encode(), values["id"].hex


def add(database: Database, rows: Sequence[dict[str, Any]]) -> None:
    """Insert what is not there yet."""
    with database.transaction() as session:
        present = {place(row) for row in session.execute(select(things))}
        fresh = {place(row): row for row in rows if place(row) not in present}
        if fresh:
            session.execute(things.insert(), list(fresh.values()))


def one_page(database: Database, after: str | None, limit: int) -> tuple[list[Any], str | None]:
    """One page, as a route reads it."""
    with database.transaction() as session:
        rows = session.execute(page_of(select(things), KEYS, after, limit)).all()
    page = cut(rows, NAMES, limit)
    return list(page.items), page.next


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    start=st.lists(ROWS, max_size=15),
    later=st.lists(st.lists(ROWS, max_size=3), max_size=8),
    limit=st.integers(1, 4),
)
def test_walking_the_pages_meets_every_row_once_and_in_order_while_rows_are_inserted(
    database: Database,
    start: list[dict[str, Any]],
    later: list[list[dict[str, Any]]],
    limit: int,
) -> None:
    with database.transaction() as session:
        session.execute(delete(things))
    add(database, start)
    met: list[Any] = []
    after: str | None = None
    pending = list(later)
    while True:
        rows, after = one_page(database, after, limit)
        assert len(rows) <= limit
        met += [place(row) for row in rows]
        if after is None:
            break
        if pending:
            add(database, pending.pop())
    assert met == sorted(set(met))
    assert {place(row) for row in start} <= set(met)


def test_the_last_page_has_no_next(database: Database) -> None:
    with database.transaction() as session:
        session.execute(delete(things))
    add(database, [{"at": NOON, "name": n, "id": UUID(int=1), "weight": 0} for n in "ab"])
    assert one_page(database, None, 2)[1] is None
    assert one_page(database, None, 1)[1] is not None


def encoded(raw: bytes) -> str:
    """Bytes as a cursor carries them."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


BAD = [
    "",
    "!!!",
    "ключ",
    "a" * 999,
    *(
        encoded(raw)
        for raw in (
            b"null",
            b"{}",
            b"5",
            b"[]",
            b'["2027-03-01T12:00:00Z"]',
            b'["yesterday", "a", "00000000-0000-0000-0000-000000000001"]',
            b'["2027-03-01T12:00:00", "a", "00000000-0000-0000-0000-000000000001"]',
            b'["0001-01-01T00:00:00+23:59", "a", "00000000-0000-0000-0000-000000000001"]',
            b'["9999-12-31T23:59:59-23:59", "a", "00000000-0000-0000-0000-000000000001"]',
            b'[5, "a", "00000000-0000-0000-0000-000000000001"]',
            b'["2027-03-01T12:00:00Z", "a", "no id"]',
            b'["2027-03-01T12:00:00Z", "a", 5]',
            b'["2027-03-01T12:00:00Z", "a", null]',
            b'["2027-03-01T12:00:00Z", "a", {}]',
            b'["2027-03-01T12:00:00Z", "a\\u0000", "00000000-0000-0000-0000-000000000001"]',
            b"[" * 700,
            b"\xff\xfe",
        )
    ),
]


@pytest.mark.parametrize("after", BAD)
def test_a_cursor_that_is_none_of_ours_is_refused_by_name(after: str) -> None:
    with pytest.raises(ProblemError, match="after"):
        page_of(select(things), KEYS, after, 5)


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_a_number_that_no_column_holds_is_refused(number: int) -> None:
    with pytest.raises(ProblemError):
        page_of(select(things), [things.c.weight], encoded(f"[{number}]".encode()), 5)


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# Hypothesis likes the ends of time, where an offset leads out of the calendar.
MOMENTS = st.datetimes(timezones=st.none() | OFFSETS) | st.builds(
    lambda end, zone: end.replace(tzinfo=zone),
    st.sampled_from([datetime.min, datetime.max]),  # noqa: DTZ901 - they get a zone
    OFFSETS,
)
CURSORS = st.tuples(MOMENTS.map(datetime.isoformat), st.text(max_size=5), st.uuids().map(str))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(raw=st.binary(max_size=60), text=st.text(max_size=30), cursor=CURSORS)
def test_no_cursor_is_a_fault(
    database: Database, raw: bytes, text: str, cursor: tuple[str, str, str]
) -> None:
    for after in (encoded(raw), text, encoded(json.dumps(cursor).encode())):
        with suppress(ProblemError):  # anything else would be a fault of ours
            one_page(database, after, 2)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": str(LONGEST + 1)},
        {"limit": "x"},
        {"limit": "1_0"},
        {"limit": " 10"},
        {"limit": "+10"},
        {"limit": "٣"},
        {"limit": "9" * 5000},
        {"after": ""},
    ],
)
def test_a_limit_out_of_range_or_in_other_digits_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        PageQuery().load(query)
