"""The privacy class that every event field must declare: id, coarse, public or personal."""

from enum import StrEnum
from typing import Any, Final, TypeVar

from marshmallow import fields

CLASS: Final = "privacy"
KIND: Final = "coarse_kind"


Field = TypeVar("Field", bound=fields.Field[Any])


class Privacy(StrEnum):
    """``personal`` exists to be named and refused: no event may carry it."""

    ID = "id"
    COARSE = "coarse"
    PUBLIC = "public"
    PERSONAL = "personal"


class Coarse(StrEnum):
    """The closed list of what may be said about a person on an event."""

    TIME = "time"
    SECTOR = "sector"
    NEED = "need"
    URGENCY = "urgency"
    AGE = "age_in_years"
    LANGUAGE = "language_code"
    CELL = "h3_cell_resolution_7"
    ELIGIBILITY = "eligibility_code"
    STATE = "state"
    REASON = "reason"
    OUTCOME = "outcome"
    ENTRY_DOOR = "entry_door"
    HOUSEHOLD_SIZE = "household_size"


def ident(field: Field) -> Field:
    """Declare an opaque identifier, number or version that says nothing about a person."""
    field.metadata = {**field.metadata, CLASS: Privacy.ID}
    return field


def coarse(kind: Coarse, field: Field) -> Field:
    """Declare a coarse fact of the closed list."""
    field.metadata = {**field.metadata, CLASS: Privacy.COARSE, KIND: kind}
    return field


def public(field: Field) -> Field:
    """Declare a fact about a program or agency that its directory entry publishes."""
    field.metadata = {**field.metadata, CLASS: Privacy.PUBLIC}
    return field
