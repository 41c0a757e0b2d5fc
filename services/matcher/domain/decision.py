"""A decision: what was answered to an attempt, and the part of the why that is kept."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.questions import Question
from services.matcher.domain.eligibility import Doubt, Fit, Ground
from services.matcher.domain.look import Considered
from services.matcher.domain.plan import Basis
from services.matcher.domain.request import Answer, Hold, Request

_DECISIONS: Final = uuid5(NAMESPACE_URL, "handoff:decision")


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
    """The answer to one attempt, ``number`` counting from 1 within it, and why.

    ``considered``: the best of those that fit, the chosen and the runner-up among them, and the
    first of those that do not, with their reasons. Of all there are: ``fitting`` programs would
    take the person, and ``eliminated`` counts the others by reason (a program may have several).
    Under which ``rules``; None of the three in decisions of before they were kept. ``plan``: the
    number of the plan that was followed; ``prices`` of programs, in its units of value.
    """

    referral_id: UUID
    attempt: int
    number: int
    answer: Answer
    decided_at: datetime
    policy: str
    choices: tuple[Choice, ...]
    considered: tuple[Considered, ...]
    fitting: int | None = None
    eliminated: Mapping[str, int] | None = None
    rules: str | None = None
    basis: Basis = Basis.NOT_WANTED
    plan: int | None = None
    prices: Mapping[str, float] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        """The same for the same (referral, attempt, number), wherever it is computed."""
        return uuid5(_DECISIONS, f"{self.referral_id}/{self.attempt}/{self.number}")


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
    return replace(
        decision, choices=tuple(bare), considered=(), fitting=None, eliminated=None, prices={}
    )


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
        fitting=data.get("fitting"),
        eliminated=data.get("eliminated"),
        rules=data.get("rules"),
        basis=Basis(data["basis"]),
        plan=data["plan"],
        prices=data["prices"],
    )


def _considered_of(data: Mapping[str, Any]) -> Considered:
    words = {
        "verdict": Fit(data["verdict"]),
        "reasons": tuple(map(Ground, data["reasons"])),
        "questions": tuple(map(Question, data["questions"])),
        # Decisions are older than doubts.
        "doubts": tuple(map(Doubt, data.get("doubts", ()))),
    }
    return Considered(**{**data, **words})


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
