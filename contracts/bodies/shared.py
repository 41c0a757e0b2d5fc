"""The fields that bodies of several services share: ids, text, moments, places, empty bodies."""

import re
from datetime import UTC, datetime
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate

# Control characters and lone surrogates: no database keeps both, and nobody means them.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# Python lets a last line end stand before ``$``; a reader of the API document's pattern does not.
_SLUG: Final = r"^[a-z0-9][a-z0-9._-]*$(?!\n)"
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
LONGEST_SLUG: Final = 80
LONGEST_NOTE: Final = 2000
# As ids.py makes them: read out over a telephone, they hold no I, L, O or U.
REFERENCE: Final = r"^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$(?!\n)"
REFERENCE_IS: Final = "must be a short reference such as 7QK4-M2XD"
_DIGITS: Final = re.compile("-?[0-9]{1,18}")


class _Flag(fields.Boolean):
    """True or false, and no number: Python takes nought for false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class _Count(fields.Integer):
    """A whole number, and neither true nor false: Python takes them for numbers."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


def slug(**options: Any) -> fields.String:
    """The id of an agency, program or unit."""
    rules = [
        validate.Length(min=1, max=LONGEST_SLUG),
        validate.Regexp(_SLUG, error="Use lower-case letters, digits, dot, dash, underscore."),
    ]
    return fields.String(validate=rules, **options)


def text(longest: int, **options: Any) -> fields.String:
    """Text that says something: 1 to ``longest`` characters, not only blanks."""
    return fields.String(validate=[validate.Length(min=1, max=longest), _says_something], **options)


def email_address(**options: Any) -> fields.Email:
    """An e-mail address."""
    return fields.Email(validate=[validate.Length(max=254), _says_something], **options)


def moment(**options: Any) -> fields.AwareDateTime:
    """A moment with its zone, such as 2027-03-01T08:00:00Z."""
    return fields.AwareDateTime(
        format="iso", validate=validate.Range(min=EARLIEST, max=LATEST), **options
    )


def count(least: int, most: int, **options: Any) -> fields.Integer:
    """A whole number between two others, themselves included."""
    return _Count(strict=True, validate=validate.Range(min=least, max=most), **options)


class WholeNumber(fields.Integer):
    """An integer as an address carries it: digits of ASCII alone, though Python reads more."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, str) and not _DIGITS.fullmatch(value):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


def flag(**options: Any) -> fields.Boolean:
    """True or false, and nothing that merely looks like it."""
    return _Flag(**options)


def word(kind: Any, **options: Any) -> fields.Enum[Any]:
    """A word of one of the closed lists."""
    return fields.Enum(kind, by_value=True, **options)


def distinct(values: list[Any]) -> None:
    """Raise ValidationError where something is named twice."""
    if len(set(values)) < len(values):
        raise ValidationError("Name each only once.")


def _says_something(value: str) -> None:
    if not value.strip():
        raise ValidationError("Say something, or leave it out.")
    if _UNPRINTABLE.search(value):
        raise ValidationError("Use printable characters.")


class _Number(fields.Float):
    def _validated(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


def number(least: float, most: float, **options: Any) -> fields.Float:
    """A number between two others, themselves included; not its text, nor a truth value."""
    return _Number(validate=validate.Range(min=least, max=most), **options)


class Place(Schema):
    """A point on the map, in WGS 84 degrees."""

    latitude = number(-90, 90, required=True)
    longitude = number(-180, 180, required=True)


class Nothing(Schema):
    """An empty body."""
