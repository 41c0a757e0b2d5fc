"""SQL of consents: every record of a referral's, and who has to honour a revocation."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.chassis.jobs import NOW
from services.referral_api.tables import Consent, Offer, Referral

_KEY_LEFT: Final = (Referral.erased_at.is_not(None), Referral.key_destroyed_at.is_(None))
# How many keys are to be destroyed, how many consents ended by themselves, unnoticed so far, and
# how many holders are to be reminded of a revocation.
COUNT_KEYS_LEFT: Final = select(func.count()).where(*_KEY_LEFT)
COUNT_DUE_EXPIRIES: Final = select(func.count()).where(Referral.consent_ends_at <= NOW)
COUNT_DUE_REMINDERS: Final = select(func.count()).where(Offer.revocation_reminder_at <= NOW)


def newest(session: Session, referral_id: UUID) -> Consent:
    """The consent that stands; there is always one."""
    query = select(Consent).where(Consent.referral_id == referral_id)
    return session.scalars(query.order_by(Consent.version.desc()).limit(1)).one()


def newest_of(session: Session, ids: Collection[UUID]) -> Sequence[Consent]:
    """The consents that stand of several referrals."""
    here = (Consent.referral_id == Referral.id) & (Consent.version == Referral.consent_version)
    return session.scalars(select(Consent).join(Referral, here).where(Referral.id.in_(ids))).all()


def history(session: Session, referral_id: UUID) -> Sequence[Consent]:
    """Every record of a referral's consent, the newest first."""
    query = select(Consent).where(Consent.referral_id == referral_id)
    return session.scalars(query.order_by(Consent.version.desc())).all()


def held_offers(session: Session, referral_id: UUID) -> Sequence[Offer]:
    """Every offer of a referral that was ever accepted, oldest first."""
    query = select(Offer).where(Offer.referral_id == referral_id, Offer.held_at.is_not(None))
    return session.scalars(query.order_by(Offer.held_at, Offer.id)).all()


def newest_of_holders(session: Session, referral_id: UUID) -> list[Offer]:
    """Of each agency that ever held a referral, the offer that it accepted last."""
    return list({offer.agency_id: offer for offer in held_offers(session, referral_id)}.values())


def due_expiries(session: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """The referrals whose consent ended by itself, the longest over first."""
    query = select(Referral.id).where(Referral.consent_ends_at <= now)
    return session.scalars(query.order_by(Referral.consent_ends_at).limit(limit)).all()


def due_reminders(session: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """The referrals of which a holder is silent about a revocation, the longest overdue first."""
    query = select(Offer.referral_id).where(Offer.revocation_reminder_at <= now)
    return session.scalars(query.order_by(Offer.revocation_reminder_at).limit(limit)).all()


def forget_givers(session: Session, referral_id: UUID) -> None:
    """Leave of a referral's consents when they stood, and nothing of who gave them to whom."""
    nobody: dict[str, Any] = {"given_by": None, "method": None, "agencies": [], "sectors": []}
    session.execute(update(Consent).where(Consent.referral_id == referral_id).values(nobody))


def with_keys_left(session: Session, limit: int) -> Sequence[UUID]:
    """The erased referrals whose person's key was not destroyed yet."""
    query = select(Referral.id).where(*_KEY_LEFT).order_by(Referral.erased_at).limit(limit)
    return session.scalars(query).all()
