"""The programs that serve one need, as columns that are looked at all at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeVar

import numpy as np

from contracts.questions import Question
from contracts.vocabulary import Accommodation, Sector
from services.matcher.domain.area import Area, covers
from services.matcher.domain.directory import Hours, Program, Rule
from services.matcher.domain.hours import is_open
from services.matcher.domain.near import Ints, Spots, spots_of
from services.matcher.domain.rules import RULES

OLDEST: Final = 999
# What a program is and asks, a bit each.
BITS: Final[Mapping[object, int]] = {
    name: 1 << number
    for number, name in enumerate(
        [
            "active",
            "paused",
            "training",
            "some_ages",
            "interpreted",
            *Sector,
            *Accommodation,
            *Rule,
            *Question,
        ]
    )
}
_WORD: Final = 62
_UNKNOWN, _CLOSED, _OPEN = -1, 0, 1

Name = TypeVar("Name")
Schedule = tuple[tuple[Hours, ...], str]


@dataclass(frozen=True, slots=True)
class Columns:
    """Row by row: the bits, the ages taken, how many accommodations, the schedule, the area.

    ``area`` below zero = none; ``languages``: bits of the shelf's languages, so many to an array.
    """

    bits: Ints
    youngest: Ints
    oldest: Ints
    offered: Ints
    schedule: Ints
    area: Ints
    languages: tuple[Ints, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a person in some cell may reach: rows, hundredths of a km, and where an area's edge is.

    A distance below zero is not known. So many programs are ``too_far``, and of so many the cell
    lies ``outside`` their area.
    """

    rows: Ints
    far: Ints
    doubtful: Ints
    too_far: int = 0
    outside: int = 0


@dataclass(frozen=True, slots=True)
class Shelf:
    """Programs by id with their columns, and where they are.

    ``pointless``: rows with a place whose point nobody says; ``coming``: rows without a place.
    """

    programs: tuple[Program, ...]
    rows: Mapping[str, int]
    columns: Columns
    numbers: Mapping[str, int]
    schedules: tuple[Schedule, ...]
    spots: Spots
    pointless: Ints
    coming: Ints
    areas: tuple[Area, ...]
    # Of the newest moment asked about, by schedule: a turn asks about one moment many times.
    opens: dict[datetime, Ints] = field(default_factory=dict)

    def reach(self, cell: str | None, farthest_km: float) -> Reach:
        """Whose places, or whose area, do not exclude a person in a cell."""
        if cell is None:
            rows = np.arange(len(self.programs))
            doubtful = (self.columns.area >= 0).astype(np.int64)
            return Reach(rows, np.full(len(rows), _UNKNOWN), doubtful)
        near, far = self.spots.within(cell, farthest_km)
        inside = far / 100 <= farthest_km
        rows = np.concatenate([near[inside], self.pointless, self.coming])
        unknown = np.full(len(rows) - int(inside.sum()), _UNKNOWN)
        return self._in_area(cell, rows, np.concatenate([far[inside], unknown]))

    def is_open(self, rows: Ints, at: datetime) -> Ints:
        """Which of the rows are open at a moment, 1 or 0."""
        if at not in self.opens:
            self.opens.clear()
            self.opens[at] = np.full(len(self.schedules), _UNKNOWN)
        known = self.opens[at]
        wanted = self.columns.schedule[rows]
        for number in np.unique(wanted[known[wanted] == _UNKNOWN]).tolist():
            hours, zone = self.schedules[number]
            known[number] = _OPEN if is_open(hours, zone, at) else _CLOSED
        return known[wanted]

    def patched(self, program: Program) -> "Shelf | None":
        """The shelf with another entry of a program that stays where it is; None = build anew."""
        row = self.rows.get(program.id)
        before = self.programs[row] if row is not None else None
        if row is None or before is None or _standing(before) != _standing(program):
            return None
        programs = (*self.programs[:row], program, *self.programs[row + 1 :])
        bits, youngest, oldest = (
            column.copy()
            for column in (self.columns.bits, self.columns.youngest, self.columns.oldest)
        )
        bits[row], youngest[row], oldest[row] = _bits(program), *_ages(program)
        columns = replace(self.columns, bits=bits, youngest=youngest, oldest=oldest)
        return replace(self, programs=programs, columns=columns)

    def _in_area(self, cell: str, rows: Ints, far: Ints) -> Reach:
        inside = [covers(area, cell) for area in self.areas]
        # The last is for rows without an area: their number is -1.
        kept = np.array([*(one is not False for one in inside), True])
        doubtful = np.array([*(one is None for one in inside), False], dtype=np.int64)
        numbers = self.columns.area[rows]
        stay = kept[numbers]
        return Reach(
            rows=rows[stay],
            far=far[stay],
            doubtful=doubtful[numbers[stay]],
            too_far=len(self.programs) - len(rows),
            outside=int(np.count_nonzero(~kept[self.columns.area])),
        )


def shelf_of(serving: Iterable[Program]) -> Shelf:
    """The shelf of programs that serve one need."""
    programs = tuple(sorted(serving, key=lambda program: program.id))
    rows = {program.id: row for row, program in enumerate(programs)}
    numbers = _numbered(sorted({code for one in programs for code in one.languages}))
    schedules = {(one.hours, one.time_zone): None for one in programs}
    areas = {one.area: None for one in programs if one.area is not None}
    places = [(row, [p.cell for p in one.places]) for row, one in enumerate(programs)]
    spots = [(row, cell) for row, cells in places for cell in cells if cell is not None]
    return Shelf(
        programs=programs,
        rows=rows,
        columns=_columns(programs, numbers, _numbered(schedules), _numbered(areas)),
        numbers=numbers,
        schedules=tuple(schedules),
        spots=spots_of(spots),
        pointless=_array(row for row, cells in places if cells and not any(cells)),
        coming=_array(row for row, cells in places if not cells),
        areas=tuple(areas),
    )


def languages_at(numbers: Mapping[str, int], codes: Iterable[str]) -> dict[int, int]:
    """Where the languages' bits stand: array -> bits; those that nobody speaks are left out."""
    found: dict[int, int] = {}
    for code in codes:
        if code in numbers:
            word, bit = divmod(numbers[code], _WORD)
            found[word] = found.get(word, 0) | 1 << bit
    return found


def _columns(
    programs: Sequence[Program],
    numbers: Mapping[str, int],
    schedules: Mapping[Schedule, int],
    areas: Mapping[Area, int],
) -> Columns:
    words = [languages_at(numbers, one.languages) for one in programs]
    ages = [_ages(one) for one in programs]
    return Columns(
        bits=_array(map(_bits, programs)),
        youngest=_array(low for low, _ in ages),
        oldest=_array(high for _, high in ages),
        offered=_array(len(set(one.accommodations)) for one in programs),
        schedule=_array(schedules[one.hours, one.time_zone] for one in programs),
        area=_array(-1 if one.area is None else areas[one.area] for one in programs),
        languages=tuple(
            _array(found.get(word, 0) for found in words)
            for word in range(len(numbers) // _WORD + 1)
        ),
    )


def _bits(program: Program) -> int:
    """What a program is, and what its rules ask."""
    rules = {requirement.rule for requirement in program.eligibility}
    marks = {
        "active": program.active,
        "paused": program.paused,
        "training": program.training,
        "some_ages": program.minimum_age is not None or program.maximum_age is not None,
        "interpreted": program.interpretation is not None,
    }
    named = {name for name, holds in marks.items() if holds}
    named |= {program.sector, *program.accommodations, *rules}
    named |= {RULES[rule].question for rule in rules & RULES.keys()}
    return sum(BITS[name] for name in named)


def _ages(program: Program) -> tuple[int, int]:
    low, high = program.minimum_age, program.maximum_age
    return -1 if low is None else low, OLDEST if high is None else high


def _standing(program: Program) -> tuple[object, ...]:
    """What cannot change under a shelf that is patched."""
    where = (program.places, program.area, program.hours, program.time_zone)
    return *where, program.languages, len(set(program.accommodations)), program.needs


def _numbered(names: Iterable[Name]) -> dict[Name, int]:
    return {name: number for number, name in enumerate(names)}


def _array(values: Iterable[int]) -> Ints:
    return np.array(list(values), dtype=np.int64)
