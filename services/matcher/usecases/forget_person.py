"""Forget a person: their facts leave the journal and the explanations; what came of it stays."""

from uuid import UUID

from sqlalchemy.orm import Session

from services.matcher.store import decisions, journal


def forget_person(session: Session, referral_id: UUID) -> None:
    """Erase what was known of one referral's person; the caller has the turn, and followed it.

    A replay can no longer make the decisions about this referral; it takes them as given, and
    makes all others again.
    """
    journal.forget(session, referral_id)
    decisions.forget(session, referral_id)
