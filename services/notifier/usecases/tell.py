"""Tell: store the notices that an event owes, set and stop reminders, drop what went stale."""

from datetime import datetime

from sqlalchemy.orm import Session

from services.notifier.domain.notices import (
    Happening,
    News,
    NoticeState,
    Silence,
    Template,
    intents,
    is_stale,
    of_silence,
    reminder,
    reminder_at,
)
from services.notifier.domain.referral import Referral
from services.notifier.store import notices, reminders


def keep_true(
    session: Session, referral: Referral, happening: Happening | None, now: datetime
) -> None:
    """Drop what was not sent and no longer holds, and stop the timers of ended offers.

    The timers first: where one is just being turned into a notice, this waits for it, and then
    finds the notice.
    """
    reminders.remove_ended(session, referral)
    for row in notices.unsent(session, referral.referral_id, now):
        if is_stale(Template(row.template), row.offer_id, referral, happening):
            row.state = NoticeState.DROPPED


def tell(session: Session, news: News, made_at: datetime, now: datetime) -> None:
    """Store what is owed for an event that was made at ``made_at``; nothing is sent here."""
    owed = intents(news)
    notices.add(session, owed, now)
    offer = news.offer
    if owed and news.happening is Happening.OFFER_MADE and offer and offer.deadline_at:
        intent = reminder(news.referral, offer)
        reminders.add(session, intent, reminder_at(made_at, offer.deadline_at))


def tell_of_silence(session: Session, silence: Silence, now: datetime) -> None:
    """Store what is owed for an agency that was paused because it answered nothing."""
    notices.add(session, of_silence(silence), now)


def forget_silence(session: Session, agency_id: str) -> None:
    """Drop what was not sent of an agency's silence: it takes referrals again."""
    notices.drop(session, agency_id, (Template.AGENCY_PAUSED, Template.AGENCY_SILENT))
