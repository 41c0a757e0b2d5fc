"""The provider directory as the matcher reasons about it: agencies and their programs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from contracts.vocabulary import PROTECTED_NEEDS, Accommodation, Need, PauseReason, Sector
from services.matcher.domain.area import Area, area_json


class Rule(StrEnum):
    """What a program asks of those it takes, beyond need, age and language."""

    DOCUMENTS_REQUIRED = "documents_required"
    INCOME_LIMIT = "income_limit"
    WOMEN_ONLY = "women_only"
    MEN_ONLY = "men_only"
    FAMILIES_ONLY = "families_only"
    SOBRIETY_REQUIRED = "sobriety_required"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Requirement:
    """A rule of one program; ``detail`` says which or how much, in the agency's words."""

    rule: Rule
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """Open on ISO weekdays 1 (Monday) to 7, local HH:MM; closing not after opening = next day.

    It stands from the local day ``valid_from`` to ``valid_to`` (YYYY-MM-DD), both included; None =
    without end. A holiday is a gap between two of these. A night belongs to the day it begins on.
    """

    weekdays: tuple[int, ...]
    opens_at: str
    closes_at: str
    valid_from: str | None = None
    valid_to: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program receives people, in degrees (WGS 84), with its h3 cell.

    None where nobody says the point: there is a place, and how far it is is not known.
    """

    latitude: float | None
    longitude: float | None
    cell: str | None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Agency:
    """An organisation that runs programs."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One service of one agency; ages in years, inclusive; no place = it comes to the person.

    ``area`` None = nothing that can be judged is said of where the people must stay.
    ``listed``: the directory has it as active. ``active`` and ``paused`` say what it comes to
    with its own and its agency's halts.
    """

    id: str
    agency_id: str
    agency_name: str
    name: str
    sector: Sector
    needs: tuple[Need, ...]
    time_zone: str
    description: str | None = None
    minimum_age: int | None = None
    maximum_age: int | None = None
    languages: tuple[str, ...] = ()
    interpretation: str | None = None
    accommodations: tuple[Accommodation, ...] = ()
    eligibility: tuple[Requirement, ...] = ()
    hours: tuple[Hours, ...] = ()
    places: tuple[Place, ...] = ()
    area: Area | None = None
    phone: str | None = None
    listed: bool = True
    active: bool = True
    paused: bool = False
    paused_because: PauseReason | None = None
    paused_since: datetime | None = None
    paused_until: datetime | None = None
    training: bool = False
    version: int = 0

    @property
    def protected(self) -> bool:
        """Whether people hide there from violence: where it is is told nobody."""
        return not PROTECTED_NEEDS.isdisjoint(self.needs)


def program_json(program: Program) -> dict[str, Any]:
    """A program as plain JSON, for the journal."""
    return asdict(program)


def program_of(data: Mapping[str, Any]) -> Program:
    """The program of its JSON."""
    return Program(
        **{
            **data,
            "sector": Sector(data["sector"]),
            "needs": tuple(map(Need, data["needs"])),
            "languages": tuple(data["languages"]),
            "accommodations": tuple(map(Accommodation, data["accommodations"])),
            "eligibility": requirements_of(data["eligibility"]),
            "hours": hours_of(data["hours"]),
            "places": tuple(Place(**place) for place in data["places"]),
            # Entries are older than areas.
            "area": area_json(data.get("area")),
            **_pause_of(data),
        }
    )


def _pause_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Entries of the journal that were written before pauses had a reason have none."""
    because = data.get("paused_because")
    moments = {name: _moment(data.get(name)) for name in ("paused_since", "paused_until")}
    return {"paused_because": PauseReason(because) if because else None, **moments}


def _moment(value: str | datetime | None) -> datetime | None:
    """JSON has no moments; rows have."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def requirements_of(rows: list[Mapping[str, Any]]) -> tuple[Requirement, ...]:
    """The requirements of their JSON."""
    return tuple(Requirement(Rule(row["rule"]), row["detail"]) for row in rows)


def hours_of(rows: list[Mapping[str, Any]]) -> tuple[Hours, ...]:
    """The opening hours of their JSON."""
    return tuple(Hours(**{**row, "weekdays": tuple(row["weekdays"])}) for row in rows)
