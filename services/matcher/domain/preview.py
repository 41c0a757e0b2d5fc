"""What an officer is told before a referral: who takes the person now, whom to ask, who opens."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from contracts.questions import Question
from contracts.vocabulary import PROTECTED_NEEDS
from services.matcher.domain import hours
from services.matcher.domain.board import Board
from services.matcher.domain.directory import Place, Program
from services.matcher.domain.look import Considered, best_first, consider
from services.matcher.domain.place import nearest_km
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import Facts, Request

# Of nobody: a preview is judged as the first attempt of a referral would be, and is none.
_NOBODY: Final = UUID(int=0)


class Unclear(StrEnum):
    """What of a program nobody knows, so that one has to call before going there."""

    HOURS = "hours"
    PLACES = "places"
    SERVICE_AREA = "service_area"
    OTHER_RULE = "other_rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A program that would take the person; ``free`` None = nobody says how many places."""

    program: Program
    place: Place | None
    distance_km: float | None
    free: int | None
    questions: tuple[Question, ...]
    unclear: tuple[Unclear, ...]
    open_now: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """A program that is closed, and when it opens."""

    at: datetime
    shown: Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Programs that fit, the best first: ``open`` with a place, ``ask`` where something is unclear.

    ``full`` counts those that are open and have no place. ``opens_first`` is told where none is
    open. ``questions``: all that the programs ask and the facts do not tell.
    """

    open: tuple[Shown, ...]
    ask: tuple[Shown, ...]
    full: int
    opens_first: Opening | None
    questions: tuple[Question, ...]


def preview(board: Board, facts: Facts, at: datetime, policy: Policy, most: int) -> Preview:
    """Who could take a person at a moment, judged as a decision is; ``most`` of each list."""
    found: dict[_Group, list[Shown]] = {group: [] for group in _Group}
    for one in _fitting(board, facts, at, policy):
        found[_group(one)].append(one)
    ready = found[_Group.OPEN]
    return Preview(
        open=tuple(ready[:most]),
        ask=tuple(found[_Group.ASK][:most]),
        full=len(found[_Group.FULL]),
        opens_first=None if ready else _opens_first(found[_Group.CLOSED], at),
        questions=board.programs.open_questions(facts, policy),
    )


class _Group(StrEnum):
    """What a program that fits is to the officer; ``other`` = of no use now, nor soon."""

    OPEN = "open"
    ASK = "ask"
    FULL = "full"
    CLOSED = "closed"
    OTHER = "other"


def _fitting(board: Board, facts: Facts, at: datetime, policy: Policy) -> Iterator[Shown]:
    """The programs that would take the person, the best first."""
    entries = board.programs.programs
    request = Request(referral_id=_NOBODY, facts=facts, attempt=1)
    fitting = board.programs.fitting(request, at, policy)
    free = board.free(fitting)
    seen = (consider(entries[name], request, free.get(name, 0), at, policy) for name in fitting)
    for found in sorted(seen, key=best_first):
        told = None if found.program_id not in free else max(0, found.free)
        yield _shown(entries[found.program_id], found, told, facts, at)


def _shown(
    program: Program, found: Considered, free: int | None, facts: Facts, at: datetime
) -> Shown:
    """Of a protected need nobody asks before somebody holds it, and no place is told of it ever."""
    known = hours.are_known(program.hours, program.time_zone, at)
    checks = {Unclear.HOURS: not known, Unclear.PLACES: free is None}
    checks |= {Unclear(doubt.value): True for doubt in found.doubts}
    return Shown(
        program=program,
        place=None if program.protected else _place(program, facts.cell),
        distance_km=None if program.protected else found.distance_km,
        free=free,
        questions=() if facts.need in PROTECTED_NEEDS else found.questions,
        unclear=tuple(about for about, holds in checks.items() if holds),
        open_now=hours.is_open(program.hours, program.time_zone, at),
    )


def _place(program: Program, cell: str | None) -> Place | None:
    """The nearest of its places, where that can be told, else the first."""
    near = [place for place in program.places if nearest_km(cell, [place.cell]) is not None]
    first = next(iter(program.places), None)
    return min(near, key=lambda place: nearest_km(cell, [place.cell]) or 0.0, default=first)


def _group(one: Shown) -> _Group:
    closed = not one.open_now and Unclear.HOURS not in one.unclear
    if one.free == 0:
        return _Group.FULL if one.open_now else _Group.OTHER
    if closed:
        return _Group.CLOSED
    return _Group.ASK if one.unclear else _Group.OPEN


def _opens_first(closed: Iterable[Shown], at: datetime) -> Opening | None:
    """Of those that open at the same moment the better one; None = none does in two weeks."""
    openings = (
        Opening(moment, one)
        for one in closed
        if (moment := hours.next_opening(one.program.hours, one.program.time_zone, at)) is not None
    )
    return min(openings, key=lambda opening: opening.at, default=None)
