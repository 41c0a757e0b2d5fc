"""Keyset pages: opaque cursors over a sort key, so that a page costs the same at any depth."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from marshmallow import Schema, fields, validate
from sqlalchemy import BigInteger, ColumnElement, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from contracts.bodies.shared import WholeNumber
from contracts.problems import InvalidError

LONGEST: Final = 200
LONGEST_CURSOR: Final = 1000
WIDEST: Final = 2**63
WIDEST_INTEGER: Final = 2**31


class PageQuery(Schema):
    """The query parameters of every list."""

    after = fields.String(
        load_default=None,
        validate=validate.Length(min=1, max=LONGEST_CURSOR),
        metadata={"description": "the `next` of the page before"},
    )
    limit = WholeNumber(load_default=50, validate=validate.Range(min=1, max=LONGEST))


@dataclass(frozen=True, slots=True)
class Page:
    """The items of one page and the cursor of the next; None at the end."""

    items: Sequence[Any]
    next: str | None


Column = InstrumentedAttribute[Any] | ColumnElement[Any]


def page_of(query: Select[Any], keys: Sequence[Column], after: str | None, limit: int) -> Any:
    """The query sorted by ``keys`` from the cursor on, with one row more than the page holds."""
    if after is not None:
        # With their types: SQLite would compare a moment in another text form than it stores.
        types = [key.type for key in keys]
        query = query.where(tuple_(*keys) > tuple_(*_decode(after, keys), types=types))
    return query.order_by(*keys).limit(limit + 1)


def cut(rows: Sequence[Any], names: Sequence[str], limit: int) -> Page:
    """The page of the rows fetched; ``names`` are the attributes of the sort key."""
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], _encode([getattr(last, name) for name in names]))


def _encode(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


def _decode(cursor: str, keys: Sequence[Column]) -> list[Any]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        values = orjson.loads(raw)
        return [_typed(value, key) for value, key in zip(values, keys, strict=True)]
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error):
        raise InvalidError("after", "must be the `next` of the page before") from None


def _typed(value: Any, key: Column) -> Any:
    """JSON has no moments and UUIDs; the column says which it was."""
    kind = key.type.python_type
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)  # beyond the years 1 to 9999 it raises OverflowError
    # orjson reads an integer of more than 64 bits as a floating-point number.
    widest = WIDEST if isinstance(key.type, BigInteger) else WIDEST_INTEGER
    if kind is int and (type(value) is not int or not -widest <= value < widest):
        raise ValueError
    if "\0" in str(value):
        raise ValueError
    return kind(value)
