"""SQL of reminders: one timer per unanswered offer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from services.chassis.columns import insert
from services.chassis.jobs import NOW
from services.notifier.domain.notices import Intent
from services.notifier.domain.referral import Referral
from services.notifier.tables import Model, ReminderRow

_TABLE: Final = Model.metadata.tables["reminders"]
_KEPT: Final = tuple(c.name for c in _TABLE.columns if c.name != "due_at")
# How many timers have run out.
COUNT_DUE: Final = select(func.count()).select_from(ReminderRow).where(ReminderRow.due_at <= NOW)


def add(session: Session, intent: Intent, due_at: datetime) -> None:
    """Set the timer of an offer, once."""
    row = {name: getattr(intent, name) for name in _KEPT} | {"due_at": due_at}
    session.execute(insert(session, _TABLE).values(row).on_conflict_do_nothing())


def remove_ended(session: Session, referral: Referral) -> None:
    """Stop the timers of a referral's offers that are no longer live."""
    live = [offer.offer_id for offer in referral.live]
    ended = ReminderRow.offer_id.not_in(live)
    session.execute(
        delete(ReminderRow).where(ReminderRow.referral_id == referral.referral_id, ended)
    )


def take_due(session: Session, now: datetime, most: int) -> Sequence[ReminderRow]:
    """Take the timers that have run out away, and return them."""
    query = select(ReminderRow).where(ReminderRow.due_at <= now).order_by(ReminderRow.due_at)
    rows = session.scalars(query.limit(most).with_for_update(skip_locked=True)).all()
    taken = [row.offer_id for row in rows]
    session.execute(delete(ReminderRow).where(ReminderRow.offer_id.in_(taken)))
    return rows
