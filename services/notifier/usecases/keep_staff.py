"""Keep staff: who may, whom they may look after, and when somebody is on call."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.problems import ConflictError, NotFoundError, Problem, ProblemError
from contracts.staff import StaffState
from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.notifier.domain.duty import Duty
from services.notifier.store import staff
from services.notifier.tables import StaffRow
from services.notifier.usecases.act import Act


def check_keeps(session: Session, actor: Actor, agency_id: str | None) -> None:
    """Raise NotFoundError for another agency's staff, and 403 for who is no administrator of it."""
    if actor.role is Role.ADMIN:
        return
    if agency_id is None or agency_id != actor.agency_id:
        raise NotFoundError("staff")
    mine = staff.active(session, actor)
    if mine is None or not mine.administrator:
        right = "an administrator of the agency may do this, or an admin"
        raise ProblemError(Problem.FORBIDDEN, right)


def kept(session: Session, actor: Actor, staff_id: UUID) -> StaffRow:
    """One of the staff, locked, whom the actor looks after; raises as ``check_keeps`` does."""
    row = staff.lock(session, staff_id)
    if row is None:
        raise NotFoundError("staff")
    check_keeps(session, actor, row.agency_id)
    return row


def own_or_kept(session: Session, actor: Actor, staff_id: UUID) -> StaffRow:
    """The same, or the actor's own; nobody else's is open to who looks after no one."""
    row = staff.lock(session, staff_id)
    if row is None:
        raise NotFoundError("staff")
    mine = staff.active(session, actor)
    if mine is None or mine.staff_id != staff_id:
        check_keeps(session, actor, row.agency_id)
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A duty, the telephone number for it, and the version that its author last read."""

    duty: Duty
    phone: str | None
    expected: int


def state_duty(act: Act, row: StaffRow, stated: Stated) -> None:
    """Put a duty in place of the one before; raises ProblemError (412), or ConflictError."""
    if row.version != stated.expected:
        detail = f"it changed since you read it: version {row.version}, not {stated.expected}"
        raise ProblemError(Problem.STALE, detail)
    if row.state != StaffState.ACTIVE:
        raise ConflictError(f"who is {row.state} has no duty")
    staff.set_duty(row, stated.duty)
    act.set_details(row, replace(act.details(row), phone=stated.phone))
    act.changed(row, "staff.duty_stated", fields=["duty", "phone"])
