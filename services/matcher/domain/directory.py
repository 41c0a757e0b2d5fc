"""The provider directory as the matcher reasons about it: agencies and their programs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from contracts.vocabulary import Accommodation, Need, PauseReason, Sector


class Rule(StrEnum):
    """What a program asks of those it takes, beyond need, age and language."""

    DOCUMENTS_REQUIRED = "documents_required"
    INCOME_LIMIT = "income_limit"
    WOMEN_ONLY = "women_only"
    MEN_ONLY = "men_only"
    FAMILIES_ONLY = "families_only"
    SOBRIETY_REQUIRED = "sobriety_required"


@dataclass(frozen=True, slots=True)
class Requirement:
    """A rule of one program; ``detail`` says which or how much, in the agency's words."""

    rule: Rule
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """Open on ISO weekdays 1 (Monday) to 7, local HH:MM; closing not after opening = next day."""

    weekdays: tuple[int, ...]
    opens_at: str
    closes_at: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program receives people, in degrees (WGS 84), with its h3 cell."""

    latitude: float
    longitude: float
    cell: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Agency:
    """An organisation that runs programs."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One service of one agency; ages in years, inclusive; no place = it comes to the person.

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
    phone: str | None = None
    listed: bool = True
    active: bool = True
    paused: bool = False
    paused_because: PauseReason | None = None
    paused_since: datetime | None = None
    paused_until: datetime | None = None
    training: bool = False
    version: int = 0


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
    return tuple(Hours(tuple(row["weekdays"]), row["opens_at"], row["closes_at"]) for row in rows)
