"""Remind: turn the timers that have run out into notices."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from contracts.vocabulary import Sector, Urgency
from services.notifier.domain.notices import Intent, Template, notice_id
from services.notifier.store import notices, reminders
from services.notifier.tables import ReminderRow

BATCH: Final = 100


def remind(session: Session, now: datetime) -> int:
    """Store a notice for every reminder that is due; returns how many timers ran out."""
    rows = reminders.take_due(session, now, BATCH)
    notices.add(session, [_intent(row) for row in rows], now)
    return len(rows)


def _intent(row: ReminderRow) -> Intent:
    template, version = Template.OFFER_REMINDER, str(row.offer_id)
    return Intent(
        notice_id=notice_id(row.referral_id, row.recipient, template, version),
        referral_id=row.referral_id,
        recipient=row.recipient,
        template=template,
        version=version,
        reference=row.reference,
        sector=Sector(row.sector),
        urgency=Urgency(row.urgency),
        training=row.training,
        offer_id=row.offer_id,
        program_id=row.program_id,
        deadline_at=row.deadline_at,
    )
