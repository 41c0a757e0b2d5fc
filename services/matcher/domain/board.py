"""The state that decisions are made from, and the decisions: pure, so that they can be replayed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.questions import Question
from contracts.vocabulary import PROTECTED_NEEDS
from services.matcher.domain import capacity_policy, eligibility
from services.matcher.domain import score as scoring
from services.matcher.domain.capacity_policy import Market, Policy
from services.matcher.domain.directory import Program
from services.matcher.domain.eligibility import Fit, Ground
from services.matcher.domain.request import Answer, Hold, Request

_DECISIONS: Final = uuid5(NAMESPACE_URL, "handoff:decision")
_SECONDS_A_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Board:
    """Programs that may be looked at, their free places, and the requests to decide now.

    ``gone``: places of these that a replay takes as given to persons who were erased since.
    """

    programs: Sequence[Program]
    free: Mapping[str, int]
    requests: Sequence[Request]
    gone: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """What was found about one program; without a score where the verdict is fail."""

    program_id: str
    verdict: Fit
    free: int
    reasons: tuple[Ground, ...] = ()
    questions: tuple[Question, ...] = ()
    score: float | None = None
    terms: Mapping[str, float] | None = None
    distance_km: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A proposed program with the version of its directory entry; rank 1 = the best."""

    program_id: str
    agency_id: str
    directory_version: int
    rank: int
    score: float
    terms: Mapping[str, float]
    distance_km: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer to one attempt, ``number`` counting from 1 within it, and why."""

    referral_id: UUID
    attempt: int
    number: int
    answer: Answer
    decided_at: datetime
    policy: str
    choices: tuple[Choice, ...]
    considered: tuple[Considered, ...]

    @property
    def id(self) -> UUID:
        """The same for the same (referral, attempt, number), wherever it is computed."""
        return uuid5(_DECISIONS, f"{self.referral_id}/{self.attempt}/{self.number}")


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of a board: its decisions, and per request the programs that it waits for now."""

    decisions: tuple[Decision, ...]
    waits: Mapping[UUID, tuple[str, ...]]


def decide(board: Board, now: datetime, policy: Policy) -> tuple[Decision, ...]:
    """The decisions of a turn."""
    return take_turn(board, now, policy).decisions


def take_turn(board: Board, now: datetime, policy: Policy) -> Turn:
    """Decide on a board, in the order of its requests.

    A request gets no decision where its answer stays what it is, or where none may be given. It
    waits for every program that would take it, while it is open and none has a place.
    """
    asked = [request for request in board.requests if request.open]
    looks = {request.referral_id: _look(board, request, now, policy) for request in asked}
    granted = _grant(board, asked, looks, policy)
    entries = {program.id: program for program in board.programs}
    decisions, waits = [], {}
    for request in asked:
        look = looks[request.referral_id]
        choices = _choices(look, granted.get(str(request.referral_id), ()), entries)
        answer = _answer(request, look, choices)
        if answer is not request.answered:
            decisions.append(_decision(request, answer, (choices, look), now, policy))
        if not choices:
            fits = (found.program_id for found in look if found.verdict is not Fit.FAIL)
            waits[request.referral_id] = tuple(sorted(fits))
    return Turn(tuple(decisions), waits)


def after(request: Request, decision: Decision) -> Request:
    """The request once the decision is made: its chosen programs hold a place each."""
    added = [Hold(choice.program_id, decision.attempt) for choice in decision.choices]
    holds = sorted([*request.holds, *added], key=lambda hold: hold.program_id)
    return replace(
        request,
        answered=decision.answer,
        decision_number=decision.number,
        holds=tuple(holds),
    )


def without_person(decision: Decision) -> Decision:
    """What came of a decision, without the explanation: that tells of the person."""
    bare = [replace(choice, score=0.0, terms={}, distance_km=None) for choice in decision.choices]
    return replace(decision, choices=tuple(bare), considered=())


def canonical(decisions: Iterable[Decision]) -> bytes:
    """Decisions as canonical JSON: equal decisions, equal bytes."""
    rows = [{"id": decision.id, **asdict(decision)} for decision in decisions]
    return json.dumps(rows, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def decision_of(data: Mapping[str, Any]) -> Decision:
    """The decision of its stored fields."""
    return Decision(
        referral_id=data["referral_id"],
        attempt=data["attempt"],
        number=data["number"],
        answer=Answer(data["answer"]),
        decided_at=data["decided_at"],
        policy=data["policy"],
        choices=tuple(Choice(**choice) for choice in data["choices"]),
        considered=tuple(_considered_of(found) for found in data["considered"]),
    )


def _considered_of(data: Mapping[str, Any]) -> Considered:
    words = {
        "verdict": Fit(data["verdict"]),
        "reasons": tuple(map(Ground, data["reasons"])),
        "questions": tuple(map(Question, data["questions"])),
    }
    return Considered(**{**data, **words})


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _look(board: Board, request: Request, now: datetime, policy: Policy) -> tuple[Considered, ...]:
    """All candidates of a request, the best first, the impossible last."""
    found = [
        _consider(program, request, board.free.get(program.id, 0), now, policy)
        for program in board.programs
        if _is_candidate(program, request)
    ]
    return tuple(sorted(found, key=_order))


def _order(found: Considered) -> tuple[bool, float, str]:
    """Candidates first, by falling score; equal ones by id."""
    return found.score is None, -(found.score or 0.0), found.program_id


def _is_candidate(program: Program, request: Request) -> bool:
    if request.hand is not None:
        return program.id == request.hand
    return request.facts.need in program.needs


def _consider(
    program: Program, request: Request, free: int, now: datetime, policy: Policy
) -> Considered:
    verdict = eligibility.judge(program, request, policy.farthest_km)
    if verdict.fit is Fit.FAIL:
        return Considered(
            program_id=program.id, verdict=verdict.fit, free=free, reasons=verdict.reasons
        )
    scored = scoring.score(program, request, verdict, now, policy.weights)
    return Considered(
        program_id=program.id,
        verdict=verdict.fit,
        free=free,
        questions=verdict.questions,
        score=scored.score,
        terms=scored.terms,
        distance_km=scored.distance_km,
    )


def _grant(
    board: Board,
    asked: Sequence[Request],
    looks: Mapping[UUID, tuple[Considered, ...]],
    policy: Policy,
) -> dict[str, list[str]]:
    """What the capacity policy offers: request id -> program ids, the best first."""
    market = Market(
        tuple(
            capacity_policy.Program(program_id, free - board.gone.get(program_id, 0))
            for program_id, free in sorted(board.free.items())
        ),
        tuple(_in_queue(request, looks[request.referral_id]) for request in asked),
    )
    granted: dict[str, list[str]] = {}
    for request_id, program_id in capacity_policy.offers(market, policy):
        granted.setdefault(request_id, []).append(program_id)
    return granted


def _in_queue(request: Request, look: Iterable[Considered]) -> capacity_policy.Request:
    held = {hold.program_id for hold in request.holds}
    options = {
        found.program_id: found.score
        for found in look
        if found.score is not None and found.program_id not in held
    }
    return capacity_policy.Request(
        id=str(request.referral_id),
        arrived=request.facts.submitted_at.timestamp() / _SECONDS_A_DAY,
        urgency=request.facts.urgency,
        options=options,
        alone=request.facts.need in PROTECTED_NEEDS,
    )


def _choices(
    look: Iterable[Considered], granted: Sequence[str], entries: Mapping[str, Program]
) -> tuple[Choice, ...]:
    by_id = {found.program_id: found for found in look}
    return tuple(
        Choice(
            program_id=program_id,
            agency_id=entries[program_id].agency_id,
            directory_version=entries[program_id].version,
            rank=rank,
            score=by_id[program_id].score or 0.0,
            terms=by_id[program_id].terms or {},
            distance_km=by_id[program_id].distance_km,
        )
        for rank, program_id in enumerate(granted, 1)
    )


def _answer(request: Request, look: Iterable[Considered], choices: tuple[Choice, ...]) -> Answer:
    """Waitlisted where some program would take the person and has no place.

    A program named by hand answers at once: it has a place, or the coordinator decides anew.
    """
    if choices:
        return Answer.ROUTED
    fits = any(found.verdict is not Fit.FAIL for found in look)
    return Answer.WAITLISTED if fits and request.hand is None else Answer.UNPLACED


def _decision(
    request: Request,
    answer: Answer,
    why: tuple[tuple[Choice, ...], tuple[Considered, ...]],
    now: datetime,
    policy: Policy,
) -> Decision:
    choices, considered = why
    return Decision(
        referral_id=request.referral_id,
        attempt=request.attempt or 0,
        number=request.decision_number + 1,
        answer=answer,
        decided_at=now,
        policy=policy.version,
        choices=choices,
        considered=considered,
    )
