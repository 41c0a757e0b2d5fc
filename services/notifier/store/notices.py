"""SQL of notices: kept once, found when due, listed."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from services.chassis.columns import insert
from services.chassis.jobs import NOW
from services.chassis.pages import Page, cut, page_of
from services.notifier.domain.notices import COORDINATOR, Intent, NoticeState
from services.notifier.tables import Model, NoticeRow

UNSENT: Final = (NoticeState.PENDING, NoticeState.NO_CONTACT)
_TABLE: Final = Model.metadata.tables["notices"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which notices to list; None = whichever."""

    referral_id: UUID | None = None
    state: str | None = None


def add(session: Session, intents: Sequence[Intent], now: datetime) -> None:
    """Keep what is owed; one that was kept before stays as it is."""
    rows = [
        asdict(intent) | {"state": NoticeState.PENDING, "created_at": now, "next_at": now}
        for intent in intents
    ]
    if rows:
        session.execute(insert(session, _TABLE).on_conflict_do_nothing(), rows)


def unsent(session: Session, referral_id: UUID, now: datetime) -> Sequence[NoticeRow]:
    """The notices of a referral that wait, and are not being sent at the moment."""
    query = select(NoticeRow).where(
        NoticeRow.referral_id == referral_id, NoticeRow.state.in_(UNSENT), _free(now)
    )
    return session.scalars(query.with_for_update()).all()


def due(session: Session, now: datetime, most: int) -> Sequence[NoticeRow]:
    """The notices to send now, longest due first; what another worker has locked is left to it."""
    query = select(NoticeRow).where(*_due(now)).order_by(NoticeRow.next_at, NoticeRow.notice_id)
    return session.scalars(query.limit(most).with_for_update(skip_locked=True)).all()


def count_due(session: Session, now: datetime) -> int:
    """How many notices wait to be sent now."""
    return session.scalar(_COUNT_DUE, {NOW.key: now}) or 0


def leased(session: Session, ids: Collection[UUID], until: datetime) -> Sequence[NoticeRow]:
    """Those of the notices that are still this lease's to report on."""
    query = select(NoticeRow).where(NoticeRow.notice_id.in_(ids), NoticeRow.leased_until == until)
    return session.scalars(query.order_by(NoticeRow.notice_id).with_for_update()).all()


def drop(session: Session, agency_id: str, templates: Collection[str]) -> None:
    """Send no more of these notices of an agency as such, to itself or to the coordinator."""
    recipients = (agency_id, COORDINATOR)
    of_agency = (
        NoticeRow.recipient.in_(recipients),
        NoticeRow.state.in_(UNSENT),
        NoticeRow.template.in_(templates),
        NoticeRow.reference == agency_id,
    )
    session.execute(update(NoticeRow).where(*of_agency).values(state=NoticeState.DROPPED))


def revive(session: Session, recipient: str, now: datetime) -> None:
    """Send what waited until the recipient named somebody."""
    waits = (NoticeRow.recipient == recipient, NoticeRow.state == NoticeState.NO_CONTACT)
    session.execute(update(NoticeRow).where(*waits).values(state=NoticeState.PENDING, next_at=now))


def page(session: Session, wanted: Wanted, after: str | None, limit: int) -> Page:
    """Notices, oldest first."""
    query = select(NoticeRow)
    if wanted.referral_id is not None:
        query = query.where(NoticeRow.referral_id == wanted.referral_id)
    if wanted.state is not None:
        query = query.where(NoticeRow.state == wanted.state)
    keys = (NoticeRow.created_at, NoticeRow.notice_id)
    rows = session.scalars(page_of(query, keys, after, limit)).all()
    return cut(rows, ("created_at", "notice_id"), limit)


def _due(now: datetime | ColumnElement[datetime]) -> tuple[ColumnElement[bool], ...]:
    return NoticeRow.state == NoticeState.PENDING, NoticeRow.next_at <= now, _free(now)


def _free(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(NoticeRow.leased_until.is_(None), NoticeRow.leased_until <= now)


# Built once: it is asked after each commit.
_COUNT_DUE: Final = select(func.count()).select_from(NoticeRow).where(*_due(NOW))
