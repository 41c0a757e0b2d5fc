"""Decisions: what one costs in directories of growing size, beside a scan and a bare index."""

import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Final
from uuid import UUID

import h3
import numpy as np

from bench.figure import Figure, Measure, at_least, at_most, exponent
from bench.run import Run
from contracts.vocabulary import SECTOR_OF, Need, Urgency
from services.matcher.domain.board import Board, take_turn
from services.matcher.domain.catalogue import Catalogue
from services.matcher.domain.directory import Hours, Place, Program
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import Facts, Request

SIZES: Final = (1_000, 10_000, 100_000)
SIZE_OF_GOAL: Final = 10_000
NOW: Final = datetime(2027, 3, 1, 15, tzinfo=UTC)
RESOLUTION: Final = 7
PLACES: Final = 100_000
TOP: Final = 5
# Of the same county, whatever the size of the directory: half a degree each way.
SPREAD: Final = 0.5
CENTRE: Final = (41.8, -90.2)
ALWAYS: Final = (Hours((1, 2, 3, 4, 5, 6, 7), "00:00", "00:00"),)
GOAL: Final = 10_000.0
GOAL_EXPONENT: Final = 0.3


def measure(run: Run) -> Figure:
    """Microseconds for a decision at each size, of the decider and of two floors."""
    rounds: dict[tuple[str, int], list[float]] = {}
    for size in SIZES:
        town = _Town(size)
        ways: dict[str, tuple[Callable[[Request], object], int]] = {
            "scan": (town.scan, max(2, run.size(20_000, 100_000) // size)),
            "index": (town.by_index, run.size(200, 1_000)),
            "decider": (town.decide, run.size(200, 1_000)),
        }
        town.warm()
        for _ in range(run.rounds):
            for way, (call, count) in ways.items():
                rounds.setdefault((way, size), []).append(_micro(call, town.requests[:count]))
    return _figure({key: tuple(values) for key, values in rounds.items()})


class _Town:
    """A made-up directory, the same each time, and those who ask."""

    def __init__(self, size: int) -> None:
        chance = random.Random(size)  # noqa: S311 - no secret
        needs = [need for need in Need if "violence" not in need]
        self.programs = [_program(n, chance, needs[n % len(needs)]) for n in range(size)]
        self.requests = [_request(chance, chance.choice(needs)) for _ in range(1_000)]
        self._policy = Policy()
        self._by_need: dict[Need, list[Program]] = {need: [] for need in needs}
        for program in self.programs:
            self._by_need[program.needs[0]].append(program)
        self._catalogue = Catalogue(self.programs)
        self._points = {need: _points(found) for need, found in self._by_need.items()}

    def warm(self) -> None:
        """Have everything made that is made once and kept."""
        for request in self.requests:
            self.decide(request)

    def decide(self, request: Request) -> object:
        """As the matcher does, on the directory that it holds in memory."""
        board = Board(self._catalogue, _with_room, [request])
        return take_turn(board, NOW, self._policy)

    def scan(self, request: Request) -> object:
        """Every program is looked at, and the nearest that serve the need are taken."""
        at = np.array(h3.cell_to_latlng(request.facts.cell))
        found = [
            (abs(program.places[0].latitude - at[0]), program.id)
            for program in self.programs
            if request.facts.need in program.needs
        ]
        return sorted(found)[:TOP]

    def by_index(self, request: Request) -> object:
        """The programs of the need alone, their distances in one go, the nearest: nothing else."""
        gaps = self._points[request.facts.need] - np.array(h3.cell_to_latlng(request.facts.cell))
        square = (gaps * gaps).sum(axis=1)
        most = min(TOP, len(square) - 1)
        return np.argpartition(square, most)[:TOP]


def _with_room(program_ids: Collection[str]) -> dict[str, int]:
    return dict.fromkeys(program_ids, PLACES)


def _program(number: int, chance: random.Random, need: Need) -> Program:
    point = _point(chance)
    return Program(
        id=f"p{number}",
        agency_id=f"a{number % 997}",
        agency_name="An agency",
        name="A program",
        sector=SECTOR_OF[need],
        needs=(need,),
        time_zone="America/Chicago",
        minimum_age=18,
        languages=("en",),
        hours=ALWAYS,
        places=(Place(*point, h3.latlng_to_cell(*point, RESOLUTION)),),
        version=1,
    )


def _request(chance: random.Random, need: Need) -> Request:
    facts = Facts(
        sector=SECTOR_OF[need],
        need=need,
        urgency=Urgency.URGENT,
        submitted_at=NOW,
        language="en",
        age=34,
        cell=h3.latlng_to_cell(*_point(chance), RESOLUTION),
        household_size=1,
    )
    ident = UUID(int=chance.getrandbits(128))
    return Request(referral_id=ident, facts=facts, attempt=1)


def _point(chance: random.Random) -> tuple[float, float]:
    return (
        CENTRE[0] + chance.uniform(-SPREAD, SPREAD),
        CENTRE[1] + chance.uniform(-SPREAD, SPREAD),
    )


def _points(programs: Sequence[Program]) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    return np.array([(p.places[0].latitude, p.places[0].longitude) for p in programs], float)


def _micro(call: Callable[[Request], object], requests: Sequence[Request]) -> float:
    began = time.process_time()
    for request in requests:
        call(request)
    return 1e6 * (time.process_time() - began) / len(requests)


def _figure(rounds: Mapping[tuple[str, int], tuple[float, ...]]) -> Figure:
    words = {"scan": "full scan", "index": "need, then numpy", "decider": "a decision"}
    measures = [
        Measure(f"{words[way]}, {size:,} programs", "µs", took, floor=way != "decider")
        for (way, size), took in rounds.items()
    ]
    costs = {way: [median(rounds[way, size]) for size in SIZES] for way in words}
    at_goal = median(rounds["decider", SIZE_OF_GOAL])
    to_index = at_goal / median(rounds["index", SIZE_OF_GOAL])
    verdicts = (
        at_least(f"decisions/s at {SIZE_OF_GOAL:,} programs", 1e6 / at_goal, GOAL),
        at_most("exponent of a decision's cost", exponent(SIZES, costs["decider"]), GOAL_EXPONENT),
        at_most(f"to the bare index at {SIZE_OF_GOAL:,}", to_index, 10),
    )
    notes = (
        "The directory is held in memory; places are free, and asked of no database here.",
        "A decision names and scores the best, and says why others are out; the floors do not.",
    )
    return Figure("decisions", "Decisions", tuple(measures), verdicts, notes)
