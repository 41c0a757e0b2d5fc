"""Programs and requests by chance, with whatever a directory and a referral may say."""

from dataclasses import replace
from random import Random
from typing import Any, Final

from contracts.questions import EligibilityCode
from contracts.vocabulary import Accommodation, Need, Sector, Urgency
from services.matcher.domain.area import area_of
from services.matcher.domain.directory import Hours, Place, Program, Requirement, Rule
from services.matcher.domain.place import cell_of
from services.matcher.domain.request import Request
from tests.unit.matcher.samples import program, request

LANGUAGES: Final = ("en", "es", "so", "hmn", "ar")
NEEDS: Final = (Need.EMERGENCY_SHELTER, Need.RENTAL_ASSISTANCE)
SCHEDULES: Final = (
    (),
    (Hours((1, 2, 3, 4, 5, 6, 7), "20:00", "08:00"),),
    (Hours((1, 2, 3, 4, 5), "09:00", "17:00"),),
)
DAY: Final = (1, 12, 16, 18, 21, 25, 65, 90)


def _square(south: float, west: float, degrees: float) -> dict[str, Any]:
    north, east = south + degrees, west + degrees
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


AREAS: Final = tuple(
    area_of([_square(41.0 + part / 4, -91.0 + part / 4, 0.6)]) for part in range(4)
)


def some(chance: Random, of: Any, most: int) -> tuple[Any, ...]:
    """A few of them, each at most once."""
    return tuple(chance.sample(list(of), chance.randint(0, most)))


def place(chance: Random, spread: float) -> Place:
    """A point in a square so many degrees wide; now and then one that nobody says."""
    if chance.random() < 0.05:
        return Place(None, None, None, "1 Quay")
    latitude, longitude = (round(start + chance.random() * spread, 4) for start in (41.0, -91.0))
    return Place(latitude, longitude, cell_of(latitude, longitude))


def program_by_chance(chance: Random, number: int, spread: float = 1.5) -> Program:
    """A program that may ask, refuse or lack anything, but mostly does little of that."""
    low = chance.choice([None, None, 0, 12, 18])
    rules = some(chance, Rule, 2) if chance.random() < 0.4 else ()
    return program(
        f"agency-{number:05}",
        needs=chance.choice([NEEDS[:1], NEEDS[:1], NEEDS]),
        sector=chance.choice([Sector.HOUSING] * 19 + [Sector.YOUTH]),
        minimum_age=low,
        maximum_age=chance.choice([None, None, None, (low or 0) + 10]),
        languages=some(chance, LANGUAGES, 3),
        interpretation=chance.choice([None, "by telephone"]),
        accommodations=some(chance, Accommodation, len(Accommodation)),
        eligibility=tuple(map(Requirement, rules)),
        hours=chance.choice(SCHEDULES),
        places=tuple(place(chance, spread) for _ in range(chance.choice([0, 1, 1, 1, 1, 3]))),
        area=chance.choice(AREAS) if chance.random() < 0.2 else None,
        active=chance.random() > 0.05,
        paused=chance.random() < 0.05,
        training=chance.random() < 0.05,
    )


def request_by_chance(
    chance: Random, number: int, programs: list[Program], spread: float = 1.5
) -> Request:
    """A referral of which anything may be known, or nothing."""
    ids = [one.id for one in chance.sample(programs, min(4, len(programs)))]
    known = request(
        number,
        need=chance.choice(NEEDS),
        urgency=chance.choice(list(Urgency)),
        age=chance.choice([None, *DAY]),
        language=chance.choice([None, *LANGUAGES, "tlh"]),
        also_speaks=some(chance, LANGUAGES, 1),
        cell=chance.choice([None, *[place(chance, spread).cell for _ in range(9)]]),
        household_size=chance.choice([None, 1, 3]),
        accommodations=some(chance, Accommodation, 2),
        eligibility=some(chance, EligibilityCode, 3),
        preferred=tuple(ids[:1]) if chance.random() < 0.2 else (),
        avoided=tuple(ids[1:2]) if chance.random() < 0.2 else (),
        excluded=tuple(ids[2:3]) if chance.random() < 0.2 else (),
        training=chance.random() < 0.05,
    )
    return replace(known, hand=ids[3]) if ids[3:] and chance.random() < 0.02 else known
