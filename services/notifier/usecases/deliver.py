"""Deliver: claim the notices that are due, write their letters, keep what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.vocabulary import Sector, Urgency
from services.notifier.channels.letters import Letter, Subject, write
from services.notifier.domain.notices import NoticeState, Template
from services.notifier.domain.retries import next_try
from services.notifier.store import notices, programs
from services.notifier.store.staff import Safe
from services.notifier.tables import NoticeRow
from services.notifier.usecases.addressing import Addressed, address

# So few that a server which answers nothing cannot make a tick look stuck (channels.smtp).
BATCH: Final = 5
# Longer than a batch can take; after a crash its notices are sent again when the lease ends.
LEASE: Final = timedelta(minutes=5)
# What one letter may take of it: with less time left, it is not begun.
ONE_LETTER: Final = LEASE / BATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A letter to send now, for the notice and on the lease that it was claimed for."""

    notice_id: UUID
    referral_id: UUID | None
    template: str
    leased_until: datetime
    letter: Letter

    def in_time(self, now: datetime) -> bool:
        """Whether the lease outlasts the sending of the letter, if that begins now."""
        return now + ONE_LETTER <= self.leased_until


def claim(
    session: Session, safe: Safe, now: datetime, public_url: str
) -> tuple[int, list[Claimed]]:
    """How many notices were due, and the letters of those that somebody can be written to.

    Each is leased: until the lease ends no other worker takes it.
    """
    rows = notices.due(session, now, BATCH)
    whom = address(session, safe, rows, now)
    zones = programs.time_zones(session, {row.program_id for row in rows if row.program_id})
    claimed: list[Claimed] = []
    for row in rows:
        addressed = whom[row.notice_id]
        if isinstance(addressed, NoticeState):
            row.state = addressed
            continue
        row.leased_until = now + LEASE
        row.attempts += 1
        subject = _subject(row, addressed, zones.get(row.program_id or "", "UTC"), public_url)
        letter = write(subject, row.notice_id, addressed.to, now)
        if addressed.code:  # each writing brings another: mail that drops copies must keep the last
            letter = replace(letter, writing=row.attempts)
        claimed.append(_claimed(row, row.leased_until, letter))
    return len(rows), claimed


def record(
    session: Session,
    claimed: Sequence[Claimed],
    failures: Mapping[UUID, str],
    now: datetime,
) -> None:
    """Keep what became of each letter: sent, or failed for a reason and to be tried again."""
    for until in sorted({one.leased_until for one in claimed}):
        ids = [one.notice_id for one in claimed if one.leased_until == until]
        for row in notices.leased(session, ids, until):
            _end(row, failures.get(row.notice_id), now)


def give_back(session: Session, left: Sequence[Claimed]) -> None:
    """Let anybody send, at once, what was not tried under these leases."""
    for until in sorted({one.leased_until for one in left}):
        ids = [one.notice_id for one in left if one.leased_until == until]
        for row in notices.leased(session, ids, until):
            row.leased_until = None
            row.attempts -= 1


def _end(row: NoticeRow, failure: str | None, now: datetime) -> None:
    row.leased_until, row.failure = None, failure
    if failure is None:
        row.state, row.sent_at = NoticeState.SENT, now
        return
    again = next_try(row.notice_id, row.attempts, now)
    row.state = NoticeState.PENDING if again else NoticeState.FAILED
    row.next_at = again or row.next_at


def _claimed(row: NoticeRow, until: datetime, letter: Letter) -> Claimed:
    return Claimed(
        notice_id=row.notice_id,
        referral_id=row.referral_id,
        template=row.template,
        leased_until=until,
        letter=letter,
    )


def _subject(row: NoticeRow, addressed: Addressed, zone: str, public_url: str) -> Subject:
    return Subject(
        template=Template(row.template),
        reference=row.reference,
        sector=Sector(row.sector) if row.sector else None,
        urgency=Urgency(row.urgency),
        training=row.training,
        deadline_at=addressed.deadline_at,
        time_zone=zone,
        code=addressed.code,
        link=f"{public_url}{_address(row)}",
    )


def _address(row: NoticeRow) -> str:
    """Where what the notice is about can be read."""
    if row.offer_id is not None:
        return f"/v1/offers/{row.offer_id}"
    if row.referral_id is not None:
        return f"/v1/referrals/{row.referral_id}"
    if row.template == Template.INVITATION:
        return "/v1/invitations/redeem"
    return f"/v1/directory/agencies/{row.reference}"
