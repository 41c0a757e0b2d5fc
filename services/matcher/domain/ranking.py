"""The best programs of a shelf for a request, found without looking at each of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.questions import EligibilityCode, Question
from contracts.vocabulary import Accommodation, Sector, Urgency
from services.matcher.domain.directory import Rule
from services.matcher.domain.near import Ints
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import Facts, Request
from services.matcher.domain.rules import RULES
from services.matcher.domain.score import hundredths, points_of_doubt
from services.matcher.domain.shelf import BITS, OLDEST, Shelf, languages_at

# Of each cell that referrals came from lately, what lies around it.
_MOST_CELLS: Final = 512
_FIRST_LOOK: Final = 1024
_MOST_DOUBTS: Final = len(Rule) + len(Question) + 1
# A score and a row share a number: the row in its lowest bits, the first row the greatest.
_SHIFT: Final = 24
_LAST: Final = (1 << _SHIFT) - 1

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Around:
    """The rows in reach of a cell, what may turn out best first.

    ``points``: the distance term in hundredths; ``hope``: the most that the score may come to,
    but for open doors, and falling. Of all programs so many are ``too_far``, and of so many the
    cell lies ``outside`` their area.
    """

    rows: Ints
    points: Ints
    doubtful: Ints
    hope: Ints
    too_far: int
    outside: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks of the columns: bits that must be, must not be, and that are asked.

    ``apart``: rows that are looked at one by one, and left out here.
    """

    require: int
    forbid: int
    asked: int
    apart: tuple[int, ...]


class Ranking:
    """The shelf under a policy; it remembers what is around the cells asked about lately."""

    def __init__(self, shelf: Shelf, policy: Policy) -> None:
        self.shelf = shelf
        self.policy = policy
        self._around: dict[str | None, Around] = {}
        weights = policy.weights
        spare = range(int(shelf.columns.offered.max(initial=0)) + 1)
        self._spare = np.array([hundredths(weights.spare_accommodation * n) for n in spare])
        doubts = range(_MOST_DOUBTS + 1)
        self._doubt = np.array([points_of_doubt(count, weights) for count in doubts])

    def best(self, request: Request, now: datetime, count: int) -> dict[str, float]:
        """The programs that would take a request with scores, the best ``count``, best first.

        The same as if each were judged and scored; but those that the person prefers, or that
        said no, are left out: they are few, and the caller looks at them one by one.
        """
        around = self.around(request.facts.cell)
        asked = self._asks(request)
        slack = self._slack(request.facts)
        keys = np.empty(0, dtype=np.int64)
        start, size = 0, max(_FIRST_LOOK, 4 * count)
        while start < len(around.rows):
            stop = min(start + size, len(around.rows))
            found = self._keys(around, slice(start, stop), asked, request, now)
            keys = np.concatenate([keys, found])
            start, size = stop, 4 * size
            if len(keys) < count or stop == len(around.rows):
                continue
            keys = np.partition(keys, len(keys) - count)[-count:]
            if keys.min() >> _SHIFT > around.hope[stop] + slack:
                break
        programs = self.shelf.programs
        keys = np.sort(keys)[::-1][:count]
        return {programs[_LAST - (k & _LAST)].id: (k >> _SHIFT) / 100 for k in keys.tolist()}

    def fitting(self, request: Request) -> list[str]:
        """Every program that would take a request, by id; but for those that ``best`` leaves."""
        around = self.around(request.facts.cell)
        rows = around.rows[kept(self.shelf, around.rows, self._asks(request), request.facts.age)]
        return [self.shelf.programs[row].id for row in np.sort(rows).tolist()]

    def around(self, cell: str | None) -> Around:
        """What lies around a cell."""
        found = self._around.get(cell)
        if found is None:
            if len(self._around) >= _MOST_CELLS:
                self._around = {}
            found = self._around[cell] = self._look_around(cell)
        return found

    def patched(self, shelf: Shelf) -> "Ranking":
        """The ranking of a shelf whose programs stay where they are."""
        made = Ranking(shelf, self.policy)
        made._around = self._around
        return made

    def _look_around(self, cell: str | None) -> Around:
        weights = self.policy.weights
        reach = self.shelf.reach(cell, self.policy.farthest_km)
        km = np.minimum(reach.far / 100, weights.longest_km)
        unknown = weights.longest_km * np.isin(reach.rows, self.shelf.pointless)
        counted = np.where(reach.far < 0, 0.0 if cell is None else unknown, km)
        points = -np.floor(weights.per_km * counted * 100 + 0.5).astype(np.int64)
        hope = points - self._spare[self.shelf.columns.offered[reach.rows]]
        order = np.lexsort((reach.rows, -hope))
        return Around(
            rows=reach.rows[order],
            points=points[order],
            doubtful=reach.doubtful[order],
            hope=hope[order],
            too_far=reach.too_far,
            outside=reach.outside,
        )

    def _slack(self, facts: Facts) -> int:
        """How far a score may lie above its row's hope."""
        weights = self.policy.weights
        needed = len(facts.accommodations)
        opened = hundredths(weights.open_now) if facts.urgency is Urgency.CRISIS else 0
        # A hundredth more for what rounding makes of a difference.
        return opened + hundredths(weights.spare_accommodation * needed) + 1

    def _asks(self, request: Request) -> Asked:
        facts, rows = request.facts, self.shelf.rows
        apart = {*request.excluded, *facts.avoided, *facts.preferred} & rows.keys()
        return asks_of(facts, tuple(rows[name] for name in apart))

    def _keys(
        self, around: Around, part: slice, asked: Asked, request: Request, now: datetime
    ) -> Ints:
        """Score and row of whoever fits, in one number each: the better the greater."""
        facts, weights, columns = request.facts, self.policy.weights, self.shelf.columns
        at = np.flatnonzero(kept(self.shelf, around.rows[part], asked, facts.age))
        rows = around.rows[part][at]
        points = around.points[part][at]
        doubts = around.doubtful[part][at] + np.bitwise_count(columns.bits[rows] & asked.asked)
        points = points - self._spare[columns.offered[rows] - len(set(facts.accommodations))]
        if facts.language is not None:
            foreign = strange(self.shelf, rows, facts)
            points -= foreign * hundredths(weights.interpreter)
            doubts += foreign & (columns.bits[rows] & BITS["interpreted"] == 0)
        points -= self._doubt[doubts]
        if facts.urgency is Urgency.CRISIS:
            points += self.shelf.is_open(rows, now) * hundredths(weights.open_now)
        keys: Ints = (points << _SHIFT) + (_LAST - rows)
        return keys


def asks_of(facts: Facts, apart: tuple[int, ...]) -> Asked:
    """What the facts ask of programs."""
    household = min(facts.household_size or 0, 2)
    marks = {"training": facts.training, "ageless": facts.age is None}
    named = frozenset(name for name, holds in marks.items() if holds)
    told = facts.accommodations, facts.eligibility
    return Asked(*_masks(facts.sector, named, household, *told), apart)


def kept(shelf: Shelf, rows: Ints, asked: Asked, age: int | None) -> Bools:
    """Which of the rows would take whoever asks so, wherever they are."""
    columns = shelf.columns
    bits = columns.bits[rows]
    found: Bools = ((bits & asked.forbid) | (~bits & asked.require)) == 0
    if age is not None:
        found &= (columns.youngest[rows] <= age) & (columns.oldest[rows] >= min(age, OLDEST))
    for row in asked.apart:
        found &= rows != row
    return found


def strange(shelf: Shelf, rows: Ints, facts: Facts) -> Ints:
    """Who speaks no language of the person, 1 or 0."""
    wanted = languages_at(shelf.numbers, {str(facts.language), *facts.also_speaks})
    spoken = np.zeros(len(rows), dtype=np.int64)
    for word, bits in wanted.items():
        spoken |= shelf.columns.languages[word][rows] & bits
    found: Ints = (spoken == 0).astype(np.int64)
    return found


@lru_cache(maxsize=4096)
def _masks(
    sector: Sector,
    marks: frozenset[str],
    household: int,
    accommodations: tuple[Accommodation, ...],
    eligibility: tuple[EligibilityCode, ...],
) -> tuple[int, int, int]:
    """The bits that must be, must not be, and that are asked.

    ``marks``: training, and ageless where nobody knows the age; household 0 = nobody knows it.
    """
    training = marks & {"training"}
    require: set[object] = {*accommodations, sector, "active"}
    require |= training
    asked: set[object] = {Rule.OTHER} | ({"some_ages"} if "ageless" in marks else set())
    failed: set[object] = {"paused"} | ({"training"} - training)
    for name, fails in answers(household, eligibility):
        (failed if fails else asked).add(name)
    return _sum(require), _sum(failed), _sum(asked)


def answers(
    household: int, eligibility: tuple[EligibilityCode, ...]
) -> Iterator[tuple[object, bool]]:
    """Which rule fails by the answers, True, and which question stays open, False."""
    for rule, asked in RULES.items():
        if asked.question is Question.HOUSEHOLD:
            if household <= 1:
                yield (rule, True) if household else (asked.question, False)
        elif asked.failed_by in eligibility:
            yield rule, True
        elif asked.met_by not in eligibility:
            yield asked.question, False


def _sum(names: Iterable[object]) -> int:
    return sum(BITS[name] for name in names)
