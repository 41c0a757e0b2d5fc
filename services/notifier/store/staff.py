"""SQL of staff: who works where, on which code they were invited, and their sealed details."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from contracts.staff import StaffState
from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.chassis.keys import seal, unseal
from services.chassis.pages import Page, cut, page_of
from services.notifier.domain.duty import Duty, Hours
from services.notifier.domain.notices import COORDINATOR
from services.notifier.domain.staff import Details, Post
from services.notifier.tables import StaffRow

_KEYS: Final = (StaffRow.invited_at, StaffRow.staff_id)


@dataclass(frozen=True, slots=True)
class Safe:
    """Seals what is personal of staff, under a key of its own and bound to its row."""

    key: bytes = field(repr=False)

    def seal(self, staff_id: UUID, details: Details) -> bytes:
        """The details as they are stored."""
        return seal(self.key, orjson.dumps(asdict(details)), _place(staff_id))

    def open(self, row: StaffRow) -> Details:
        """The details of a row; raises ValueError where they were not sealed for it."""
        return Details(**orjson.loads(unseal(self.key, row.details, _place(row.staff_id))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which staff to list; None = whichever."""

    agency_id: str | None = None
    unit_id: str | None = None
    state: StaffState | None = None


def post_of(row: StaffRow) -> Post:
    """Where somebody works."""
    return Post(role=Role(row.role), agency_id=row.agency_id, unit_id=row.unit_id)


def duty_of(row: StaffRow) -> Duty:
    """When somebody is on call."""
    hours = tuple(
        Hours(tuple(entry["weekdays"]), entry["begins_at"], entry["ends_at"]) for entry in row.hours
    )
    return Duty(
        everyday=row.everyday,
        hours=hours,
        time_zone=row.time_zone,
        on_call_until=row.on_call_until,
    )


def set_duty(row: StaffRow, duty: Duty) -> None:
    """Put a duty in place of the one before."""
    row.everyday, row.time_zone = duty.everyday, duty.time_zone
    row.hours = [asdict(entry) for entry in duty.hours]
    row.on_call_until = duty.on_call_until


def lock(session: Session, staff_id: UUID) -> StaffRow | None:
    """One of the staff, locked."""
    query = select(StaffRow).where(StaffRow.staff_id == staff_id)
    return session.scalars(query.with_for_update()).first()


def lock_code(session: Session, code_name: str) -> StaffRow | None:
    """Whoever was invited with a code of this name, locked."""
    query = select(StaffRow).where(StaffRow.code_name == code_name)
    return session.scalars(query.with_for_update()).first()


def find(session: Session, staff_id: UUID) -> StaffRow | None:
    """One of the staff."""
    return session.get(StaffRow, staff_id)


def active(session: Session, actor: Actor) -> StaffRow | None:
    """Who this caller is of the active staff, where they are one of it."""
    query = select(StaffRow).where(
        StaffRow.subject == actor.subject,
        StaffRow.state == StaffState.ACTIVE,
        StaffRow.role == actor.role,
        StaffRow.agency_id.is_not_distinct_from(actor.agency_id),
        StaffRow.unit_id.is_not_distinct_from(actor.unit_id),
    )
    return session.scalars(query.limit(1)).first()


def reached(session: Session, recipients: Collection[str]) -> Sequence[StaffRow]:
    """The active staff whom the notices of these recipients reach, in the order they joined."""
    ways: list[ColumnElement[bool]] = [
        (StaffRow.agency_id.in_(recipients)) & (StaffRow.role == Role.PARTNER)
    ]
    if COORDINATOR in recipients:
        ways.append(StaffRow.role == Role.COORDINATOR)
    query = select(StaffRow).where(or_(*ways), StaffRow.state == StaffState.ACTIVE)
    return session.scalars(query.order_by(StaffRow.joined_at, StaffRow.staff_id)).all()


def page(session: Session, wanted: Wanted, after: str | None, limit: int) -> Page:
    """Staff, in the order they were invited."""
    query = select(StaffRow)
    for name, value in asdict(wanted).items():
        if value is not None:
            query = query.where(getattr(StaffRow, name) == value)
    rows = session.scalars(page_of(query, _KEYS, after, limit)).all()
    return cut(rows, ("invited_at", "staff_id"), limit)


def _place(staff_id: UUID) -> str:
    return f"staff.details.{staff_id}"
