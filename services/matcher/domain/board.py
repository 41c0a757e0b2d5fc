"""The state that decisions are made from, and a turn of making them: pure, to be replayed."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.matcher.domain.by_plan import Given, Standing
from services.matcher.domain.catalogue import Catalogue
from services.matcher.domain.decision import Choice, Decision
from services.matcher.domain.directory import Program
from services.matcher.domain.granting import Way, grant, way_of
from services.matcher.domain.look import Considered, consider
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import RANK, Answer, Request
from services.matcher.domain.rules import RULES_VERSION

# How many programs are looked at before more are: most have a place among their best.
_FIRST_LOOK: Final = 16
_WIDER: Final = 8
# How many programs an explanation names of those that fit, and of those that do not.
NAMED: Final = 8

# The free places of programs; one without a statement is left out.
FreeOf = Callable[[Collection[str]], Mapping[str, int]]


# Where a request stands in its turn.
Order = tuple[int, datetime, UUID]


@dataclass(frozen=True, slots=True, order=True)
class Gone:
    """A place that was given to somebody who is erased, when it was that person's turn."""

    order: Order
    program_id: str


@dataclass(frozen=True, slots=True)
class Board:
    """Programs that may be looked at, their free places, and the requests to decide now.

    In a replay ``erased`` persons had a turn, too: so many, and ``gone`` is what they were given.
    ``standing``: the newest plan, where the policy holds places back.
    """

    programs: Catalogue
    free: FreeOf
    requests: Sequence[Request]
    gone: Sequence[Gone] = ()
    erased: int = 0
    standing: Standing | None = None

    @property
    def plan_number(self) -> int:
        """The number of the newest plan; 0 without one."""
        return self.standing.plan.number if self.standing else 0

    def places(self, program_ids: Collection[str]) -> dict[str, int]:
        """The places of programs as the turn begins; none where none were stated."""
        free = self.free(program_ids)
        return {name: free.get(name, 0) for name in program_ids}


def board_of(
    programs: Iterable[Program], free: Mapping[str, int], requests: Sequence[Request]
) -> Board:
    """A board of programs and places that are all at hand."""
    return Board(Catalogue(programs), lambda ids: {k: free[k] for k in ids if k in free}, requests)


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of a board: its decisions, and per request the programs that it waits for now."""

    decisions: tuple[Decision, ...]
    waits: Mapping[UUID, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Look:
    """The best programs that would take a request, with scores in points, the best first.

    So many that whoever comes first in the turn leaves one of them, where any has a place.
    """

    request: Request
    scores: Mapping[str, float]
    places: Mapping[str, int]

    def open_scores(self) -> dict[str, float]:
        """The scores of the programs that may be chosen: of none that holds a place already."""
        return self.request.without_held(self.scores)


def decide(board: Board, now: datetime, policy: Policy) -> tuple[Decision, ...]:
    """The decisions of a turn."""
    return take_turn(board, now, policy).decisions


def take_turn(board: Board, now: datetime, policy: Policy) -> Turn:
    """Decide on a board, the most urgent first, then whoever asked first.

    A request gets no decision where its answer stays what it is, or where none may be given. It
    waits for every program that would take it, while it is open and none has a place.
    """
    asked = sorted((request for request in board.requests if request.open), key=order_of)
    way = way_of(now, policy, board.standing)
    looks = [look(board, request, way) for request in asked]
    left = {name: places for seen in looks for name, places in seen.places.items()}
    granted = _grant(looks, left, board.gone, way)
    gone = deque(sorted(board.gone))
    decisions, waits = [], {}
    for seen in looks:
        while gone and gone[0].order < order_of(seen.request):
            _take(left, gone.popleft().program_id)
        named = str(seen.request.referral_id)
        chosen = granted.offers.get(named, ())
        answer = _answer(seen, chosen, held=named in granted.held)
        fitting = board.programs.fitting(seen.request, now, policy)
        if answer is not seen.request.answered:
            why = _Why(board, seen, chosen, left, len(fitting))
            decisions.append(_decision(why, answer, way))
        if not chosen:
            waits[seen.request.referral_id] = tuple(fitting)
        for program_id in chosen:
            _take(left, program_id)
    return Turn(tuple(decisions), waits)


def look(board: Board, request: Request, way: Way) -> Look:
    """The best candidates of a request, as many as it takes; nothing is granted.

    A plan may choose any of them, and all are looked at.
    """
    count = _FIRST_LOOK if way.plan is None else len(board.programs.programs) + 1
    while True:
        scores = board.programs.best(request, way.now, way.policy, count)
        places = board.places(scores)
        # A place each for all others, too: nobody takes more than one.
        wanted = len(board.requests) + board.erased
        if len(scores) < count or _room(request, places) >= wanted:
            return Look(request, scores, places)
        count *= _WIDER


def order_of(request: Request) -> Order:
    """Where a request stands: the more urgent first, then whoever asked first, then by id."""
    return RANK[request.facts.urgency], request.facts.submitted_at, request.referral_id


def _room(request: Request, places: Mapping[str, int]) -> int:
    return sum(max(0, free) for free in request.without_held(places).values())


def _take(left: dict[str, int], program_id: str) -> None:
    left[program_id] = left.get(program_id, 0) - 1


def _grant(
    looks: Iterable[Look], places: Mapping[str, int], gone: Iterable[Gone], way: Way
) -> Given:
    """Who takes what, without the places that went to persons who are erased."""
    left = dict(places)
    for one in gone:
        _take(left, one.program_id)
    asked = [seen.request for seen in looks]
    return grant(left, asked, {seen.request.referral_id: seen.open_scores() for seen in looks}, way)


def _answer(seen: Look, chosen: Collection[str], *, held: bool) -> Answer:
    """Deferred while a place is held back, waitlisted where programs would and have no place.

    A program named by hand answers at once: it has a place, or the coordinator decides anew.
    """
    if chosen:
        return Answer.ROUTED
    if held:
        return Answer.DEFERRED
    waits = seen.scores and seen.request.hand is None
    return Answer.WAITLISTED if waits else Answer.UNPLACED


@dataclass(frozen=True, slots=True)
class _Why:
    """What a decision was made from: ``left`` places as its turn came, of so many that fit."""

    board: Board
    seen: Look
    chosen: Sequence[str]
    left: Mapping[str, int]
    fitting: int

    def named(self) -> list[str]:
        """The programs that fit and are told: the best, the chosen, and the runner-up."""
        roomy = [name for name in self.seen.scores if self.left[name] > 0]
        others = [name for name in roomy if name not in self.chosen][:1]
        best = [*self.seen.scores][:NAMED]
        return sorted({*best, *self.chosen, *others}, key=[*self.seen.scores].index)


def _decision(why: _Why, answer: Answer, way: Way) -> Decision:
    now, policy = way.now, way.policy
    request, catalogue = why.seen.request, why.board.programs
    out = catalogue.out(request, now, policy, NAMED)
    left = {name: why.left[name] for name in why.named()} | why.board.places(out)
    found = {
        name: consider(catalogue.programs[name], request, free, now, policy)
        for name, free in left.items()
    }
    return Decision(
        referral_id=request.referral_id,
        attempt=request.attempt or 0,
        number=request.decision_number + 1,
        answer=answer,
        decided_at=now,
        policy=policy.version,
        choices=tuple(
            _choice(catalogue.programs[name], found[name], rank)
            for rank, name in enumerate(why.chosen, 1)
        ),
        considered=tuple(found.values()),
        fitting=why.fitting,
        eliminated=catalogue.eliminated(request, policy),
        rules=RULES_VERSION,
        basis=way.basis,
        plan=way.plan.number if way.plan else None,
        prices=way.prices(found),
    )


def _choice(program: Program, found: Considered, rank: int) -> Choice:
    return Choice(
        program_id=program.id,
        agency_id=program.agency_id,
        directory_version=program.version,
        rank=rank,
        score=found.score or 0.0,
        terms=found.terms or {},
        distance_km=found.distance_km,
    )
