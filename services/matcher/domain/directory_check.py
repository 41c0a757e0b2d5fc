"""What a keeper of the directory should look after: what is old, unknown, or reaches nobody."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from contracts.vocabulary import Need
from services.matcher.domain.directory import Program
from services.matcher.domain.hours import are_known


class Trouble(StrEnum):
    """What is wrong, the worst for a person in need first."""

    NEED_UNSERVED = "need_unserved"
    NO_NEED = "no_need"
    NO_STATEMENT = "no_statement"
    STALE_STATEMENT = "stale_statement"
    NO_HOURS = "no_hours"
    NO_PHONE = "no_phone"
    NO_PLACE = "no_place"
    NO_POINT = "no_point"
    STALE = "stale"
    UNDATED = "undated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to look after: a program, a service or a need; ``since`` = the date it bears."""

    trouble: Trouble
    id: str
    agency_id: str | None = None
    name: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedService:
    """A service as it is listed; ``is_program`` = a referral can reach it."""

    id: str
    agency_id: str
    name: str
    modified_at: datetime | None
    is_program: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How old a record, and an agency's statement of its places, may be."""

    record: timedelta
    statement: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The directory as it is kept; ``stated``: when each program last stated its places."""

    programs: Iterable[Program]
    services: Iterable[ListedService]
    stated: Mapping[str, datetime]


def check(records: Records, now: datetime, limits: Limits) -> list[Finding]:
    """Every finding, the worst first, then by id. Exercises are passed over."""
    real = [program for program in records.programs if not program.training]
    found = [*_needs(real), *_services(records.services, now, limits)]
    for program in real:
        if program.active:
            found += _program(program, records.stated.get(program.id), now, limits)
    ranks = {trouble: rank for rank, trouble in enumerate(Trouble)}
    return sorted(found, key=lambda finding: (ranks[finding.trouble], finding.id))


def _needs(programs: Iterable[Program]) -> Iterator[Finding]:
    served = {need for program in programs if program.active for need in program.needs}
    for need in Need:
        if need not in served:
            yield Finding(trouble=Trouble.NEED_UNSERVED, id=need)


def _services(
    services: Iterable[ListedService], now: datetime, limits: Limits
) -> Iterator[Finding]:
    for one in services:
        troubles = [] if one.is_program else [Trouble.NO_NEED]
        if one.modified_at is None:
            troubles.append(Trouble.UNDATED)
        elif one.modified_at < now - limits.record:
            troubles.append(Trouble.STALE)
        for trouble in troubles:
            dated = one.modified_at if trouble is Trouble.STALE else None
            yield Finding(
                trouble=trouble, id=one.id, agency_id=one.agency_id, name=one.name, since=dated
            )


def _program(
    program: Program, stated: datetime | None, now: datetime, limits: Limits
) -> Iterator[Finding]:
    checks = {
        Trouble.NO_STATEMENT: stated is None,
        Trouble.STALE_STATEMENT: stated is not None and stated < now - limits.statement,
        Trouble.NO_HOURS: not are_known(program.hours, program.time_zone, now),
        Trouble.NO_PHONE: program.phone is None,
        Trouble.NO_PLACE: not program.places and not program.protected,
        Trouble.NO_POINT: any(place.cell is None for place in program.places),
    }
    for trouble, holds in checks.items():
        if holds:
            yield Finding(
                trouble=trouble,
                id=program.id,
                agency_id=program.agency_id,
                name=program.name,
                since=stated if trouble is Trouble.STALE_STATEMENT else None,
            )
