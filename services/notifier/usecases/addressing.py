"""Addressing: where each notice goes that is due, with which code, or why it goes nowhere now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.vocabulary import Urgency
from services.notifier.domain.contacts import Reach, addresses
from services.notifier.domain.notices import NoticeState, Template
from services.notifier.domain.staff import invited
from services.notifier.store import contacts
from services.notifier.store.staff import Safe
from services.notifier.tables import NoticeRow
from services.notifier.usecases.invite import new_code
from services.notifier.usecases.reach import reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """The addresses of a letter; one of invitation brings a code, and when that ends."""

    to: tuple[str, ...]
    code: str = ""
    deadline_at: datetime | None = None


def address(
    session: Session, safe: Safe, rows: Sequence[NoticeRow], now: datetime
) -> Mapping[UUID, Addressed | NoticeState]:
    """For each notice, by its id, where it goes, or the state that it is in without a letter."""
    letters = [row for row in rows if row.template == Template.INVITATION]
    others = [row for row in rows if row.template != Template.INVITATION]
    people = _people(session, safe, {row.recipient for row in others}, now)
    gone = {row.reference for row in others if row.template == Template.AGENCY_UNREACHABLE}
    back = {name for name, found in reach(session, safe, gone, now).items() if not found.is_nobody}
    return {
        **{row.notice_id: _invited(session, safe, row, now) for row in letters},
        **{row.notice_id: _told(row, people[row.recipient], back) for row in others},
    }


def _invited(
    session: Session, safe: Safe, row: NoticeRow, now: datetime
) -> Addressed | NoticeState:
    made = new_code(session, safe, invited(row.recipient), now)
    if made is None:
        return NoticeState.DROPPED
    return Addressed(to=(made.email,), code=made.code, deadline_at=made.expires_at)


def _told(row: NoticeRow, people: Reach, back: Collection[str]) -> Addressed | NoticeState:
    """An agency that somebody reads the notices of again is no news any more."""
    if row.template == Template.AGENCY_UNREACHABLE and row.reference in back:
        return NoticeState.DROPPED
    to = addresses(people, Urgency(row.urgency))
    return Addressed(to=to, deadline_at=row.deadline_at) if to else NoticeState.NO_CONTACT


def _people(
    session: Session, safe: Safe, recipients: Collection[str], now: datetime
) -> Mapping[str, Reach]:
    """Who reads what recipients get; those without anybody are locked, and looked at again.

    Somebody may just be naming contacts of theirs, or join, which sends what waits for them: a
    notice that began to wait beside that would wait for ever.
    """
    found = reach(session, safe, recipients, now)
    missing = sorted(name for name, those in found.items() if those.is_nobody)
    for recipient in missing:
        contacts.lock(session, recipient)
    return found | reach(session, safe, missing, now) if missing else found
