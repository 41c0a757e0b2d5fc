"""JSON at the door: reading a request's body strictly, and writing every answer."""

from typing import Any, Final

import flask
import orjson
from flask.json.provider import JSONProvider
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from contracts.problems import InvalidError, Problem, ProblemError

DEEPEST: Final = 32
WIDEST: Final = 2**63
_WRITE: Final = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


class JsonProvider(JSONProvider):
    """Moments as ISO 8601 in UTC offset form, UUIDs as text, keys in order."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Write JSON."""
        del kwargs
        return orjson.dumps(obj, option=_WRITE).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read JSON strictly; raises ValueError."""
        del kwargs
        return read(s if isinstance(s, bytes) else s.encode())


def read(raw: bytes) -> Any:
    """The JSON of these bytes; raises ValueError, in words for the caller, for what cannot stand.

    Refused beyond the grammar: what no database column can hold (NUL characters, integers of more
    than 64 bits), and nesting that no contract has.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        right = f"it is no JSON: line {error.lineno}, column {error.colno}"
        raise ValueError(right) from None
    _check(value)
    return value


def body_of(request: flask.Request) -> dict[str, Any] | None:
    """The JSON object of a request; None for an empty body.

    Raises ProblemError (400, 413, 415, and 422 for JSON that is no object).
    """
    raw = request.get_data(cache=True)
    _refuse_longer(request, len(raw))
    if not raw:
        return None
    if not request.is_json:
        raise ProblemError(
            Problem.MEDIA_TYPE, "send the body as JSON, with Content-Type: application/json"
        )
    try:
        body = read(raw)
    except ValueError as error:
        raise ProblemError(
            Problem.MALFORMED, f"the body cannot be read: {error}", {"json": [str(error)]}
        ) from None
    if not isinstance(body, dict):
        raise InvalidError("json", "send a JSON object")
    return body


def _refuse_longer(request: flask.Request, read: int) -> None:
    """A body without a length ends for Flask where no more is allowed, whatever comes after."""
    is_cut = request.content_length is None and read == request.max_content_length
    if is_cut and request.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge


def load_body(schema: Schema) -> dict[str, Any]:
    """The body of this request as a schema reads it; raises ProblemError naming the fields."""
    try:
        loaded: dict[str, Any] = schema.load(body_of(flask.request) or {})
    except ValidationError as error:
        named = ", ".join(sorted(map(str, error.messages_dict)))
        detail = f"not right: {named}"
        raise ProblemError(Problem.INVALID, detail, error.messages_dict) from None
    return loaded


def _check(value: Any) -> None:
    """Walk level by level, never by recursion."""
    level, depth = [value], 0
    while level:
        if depth > DEEPEST:
            raise ValueError(f"it is nested deeper than {DEEPEST} levels")
        for item in level:
            _check_plain(item)
        level, depth = [part for item in level for part in _parts(item)], depth + 1


def _parts(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return [*item.keys(), *item.values()]
    return item if isinstance(item, list) else []


def _check_plain(item: Any) -> None:
    if isinstance(item, str) and "\0" in item:
        raise ValueError("it has a NUL character in a text")
    # Integers beyond 64 bits arrive as floating-point numbers.
    if isinstance(item, int | float) and not -WIDEST <= item < WIDEST:
        raise ValueError("it has a number of more than 64 bits")
