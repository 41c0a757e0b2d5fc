"""Reading and writing the referrals that the matcher follows."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.orm import Session

from contracts.questions import EligibilityCode
from contracts.vocabulary import Accommodation, Need, Sector, Urgency
from services.chassis.columns import in_parts
from services.chassis.database import wake_loops
from services.matcher.domain.decision import Decision
from services.matcher.domain.request import (
    RANK,
    WAITING,
    Answer,
    Facts,
    Hold,
    Holder,
    Request,
)
from services.matcher.tables import SEEKS, ProgramNeedRow, RequestRow, ReservationRow

_REQUESTS: Any = RequestRow.__table__
_RESERVATIONS: Any = ReservationRow.__table__
_NEEDS: Any = ProgramNeedRow.__table__

# How many requests wait for a decision.
COUNT_DUE: Final = select(func.count()).where(_REQUESTS.c.due)
# Built once: to build and hash a statement costs more than SQLite needs to run it.
_OWN: Final = _REQUESTS.c.referral_id == bindparam("of")
_LOCK: Final = select(_REQUESTS).where(_OWN).with_for_update()
_ADD: Final = _REQUESTS.insert()
_REPLACE: Final = update(_REQUESTS).where(_OWN)
_ANSWER: Final = (
    update(_REQUESTS)
    .where(_OWN)
    .values(answered=bindparam("answer"), decision_number=bindparam("counted"))
)
_HOLDS: Final = (
    select(_RESERVATIONS)
    .where(_RESERVATIONS.c.referral_id.in_(bindparam("ids", expanding=True)))
    .order_by(_RESERVATIONS.c.program_id)
)
_PROGRAMS: Final[Any] = bindparam("programs", expanding=True)
_SERVED: Final = select(_NEEDS.c.need).where(_NEEDS.c.program_id.in_(_PROGRAMS))
_WAKE: Final = (
    update(_REQUESTS)
    .where(_REQUESTS.c.attempt.is_not(None), _REQUESTS.c.answered.in_(WAITING))
    .where(_REQUESTS.c.need.in_(_SERVED) | _REQUESTS.c.hand_program.in_(_PROGRAMS))
    .values(due=True)
)


def lock(session: Session, referral_id: UUID) -> Request | None:
    """One request, its row locked."""
    row = session.execute(_LOCK, {"of": referral_id}).first()
    return _with_holds(session, [row])[0] if row else None


def exists(session: Session, referral_id: UUID) -> bool:
    """Whether the matcher has heard of a referral."""
    return session.scalar(select(func.count()).where(_OWN), {"of": referral_id}) == 1


def save(session: Session, request: Request, *, new: bool) -> None:
    """Add or replace a request; it is looked at again while an answer may be given."""
    if new:
        session.execute(_ADD, {"referral_id": request.referral_id, **_row(request)})
    else:
        session.execute(_REPLACE, {"of": request.referral_id, **_row(request)})
    if request.open:
        wake_loops(session)


def wake(session: Session, program_ids: Collection[str]) -> None:
    """Look again at whoever waits for one of these programs, or for what one of them serves."""
    if not program_ids:
        return
    woken = session.execute(_WAKE, {"programs": list(program_ids)})
    if woken.rowcount:  # type: ignore[attr-defined]
        wake_loops(session)


def lock_due(session: Session, limit: int) -> list[Request]:
    """The next requests to decide, the most urgent first, then the oldest; rows locked."""
    columns = _REQUESTS.c
    query = (
        select(_REQUESTS)
        .where(columns.due)
        .order_by(columns.urgency_rank, columns.submitted_at, columns.referral_id)
        .limit(limit)
        .with_for_update()
    )
    return _with_holds(session, session.execute(query).all())


def looked_at(session: Session, requests: Iterable[Request], plan: int = 0) -> None:
    """Nothing more to decide about these until something changes.

    ``plan``: the one that was to be followed; 0 = none was.
    """
    news = {"due": False} | ({"looked_plan": plan} if plan else {})
    ids = [request.referral_id for request in requests]
    session.execute(update(_REQUESTS).where(_REQUESTS.c.referral_id.in_(ids)).values(news))


def seeking(session: Session) -> list[Request]:
    """Whoever waits for an offer and was not placed by hand, by id."""
    query = select(_REQUESTS).where(SEEKS, _REQUESTS.c.hand_program.is_(None))
    return _with_holds(session, session.execute(query.order_by(_REQUESTS.c.referral_id)).all())


def submitted_since(session: Session, moment: datetime, most: int) -> list[Request]:
    """The newest requests submitted since, as many as wanted, without their holds.

    Exercises and rows of the past tell nothing of who is to be expected.
    """
    columns = _REQUESTS.c
    query = select(_REQUESTS).where(
        columns.submitted_at > moment, ~columns.training, ~columns.imported
    )
    rows = session.execute(query.order_by(columns.submitted_at.desc()).limit(most))
    return [_request(row, ()) for row in rows]


def count_seeking(session: Session, answered: Answer) -> int:
    """How many wait with one answer."""
    query = select(func.count()).where(SEEKS, _REQUESTS.c.answered == answered)
    return session.scalar(query) or 0


def wake_seeking(session: Session, answered: Answer | None = None) -> int:
    """Look again at everybody who waits, or at those with one answer: how many there are."""
    query = update(_REQUESTS).where(SEEKS, ~_REQUESTS.c.due).values(due=True)
    if answered is not None:
        query = query.where(_REQUESTS.c.answered == answered)
    woken: int = session.execute(query).rowcount  # type: ignore[attr-defined]
    if woken:
        wake_loops(session)
    return woken


def answered(session: Session, made: Iterable[Decision]) -> None:
    """Note the newest answer and its number, per request."""
    rows = [
        {"of": decision.referral_id, "answer": decision.answer, "counted": decision.number}
        for decision in made
    ]
    session.execute(_ANSWER, rows)


def _with_holds(session: Session, rows: Iterable[Row[Any]]) -> list[Request]:
    found = list(rows)
    ids = [row.referral_id for row in found]
    holds: dict[UUID, list[Hold]] = {}
    for held in (row for part in in_parts(ids) for row in session.execute(_HOLDS, {"ids": part})):
        hold = Hold(held.program_id, held.attempt, held.offer_id, held.over_capacity)
        holds.setdefault(held.referral_id, []).append(hold)
    return [_request(row, tuple(holds.get(row.referral_id, ()))) for row in found]


def _request(row: Row[Any], holds: tuple[Hold, ...]) -> Request:
    return Request(
        referral_id=row.referral_id,
        facts=_facts(row),
        attempt=row.attempt,
        hand=row.hand_program,
        excluded=tuple(row.excluded),
        holder=_holder(row),
        holds=holds,
        answered=Answer(row.answered) if row.answered else None,
        decision_number=row.decision_number,
    )


def _holder(row: Row[Any]) -> Holder | None:
    if not row.holder_program:
        return None
    return Holder(row.holder_program, row.held_since, row.held_over_capacity)


def _facts(row: Row[Any]) -> Facts:
    return Facts(
        sector=Sector(row.sector),
        need=Need(row.need),
        urgency=Urgency(row.urgency),
        submitted_at=row.submitted_at,
        language=row.language,
        age=row.age,
        cell=row.cell,
        household_size=row.household_size,
        accommodations=tuple(map(Accommodation, row.accommodations)),
        preferred=tuple(row.preferred),
        avoided=tuple(row.avoided),
        training=row.training,
        imported=row.imported,
        also_speaks=tuple(row.also_speaks),
        eligibility=tuple(map(EligibilityCode, row.eligibility)),
    )


def _row(request: Request) -> dict[str, Any]:
    facts, holder = request.facts, request.holder
    return {
        "sector": facts.sector,
        "need": facts.need,
        "urgency": facts.urgency,
        "urgency_rank": RANK[facts.urgency],
        "submitted_at": facts.submitted_at,
        "language": facts.language,
        "age": facts.age,
        "cell": facts.cell,
        "household_size": facts.household_size,
        "accommodations": facts.accommodations,
        "preferred": facts.preferred,
        "avoided": facts.avoided,
        "training": facts.training,
        "imported": facts.imported,
        "also_speaks": facts.also_speaks,
        "eligibility": facts.eligibility,
        "attempt": request.attempt,
        "hand_program": request.hand,
        "excluded": request.excluded,
        "holder_program": holder.program_id if holder else None,
        "held_since": holder.accepted_at if holder else None,
        "held_over_capacity": holder.over_capacity if holder else False,
        "answered": request.answered,
        "decision_number": request.decision_number,
        "due": request.open,
    }
