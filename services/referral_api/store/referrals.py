"""Reading and locking referrals: one, a batch, a page, and those whose timer ran out."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, and_, bindparam, exists, func, not_, or_, select
from sqlalchemy.orm import Session

from contracts.vocabulary import ReferralState
from services.chassis.actor import Actor
from services.chassis.jobs import NOW
from services.chassis.pages import Page, cut, page_of
from services.referral_api.domain.offer import HOLDING, UNENDED
from services.referral_api.domain.referral import REVIEWED
from services.referral_api.tables import IS_LIVE, Offer, Referral, Refusal

FILTERS: Final = ("state", "unit_id", "reference")
# Built once: they are asked after each commit.
# How many live offers are past their deadline, and how many review timers ran out.
COUNT_DUE_OFFERS: Final = select(func.count()).where(IS_LIVE, Offer.deadline_at <= NOW)
COUNT_DUE_REVIEWS: Final = select(func.count()).where(Referral.review_at <= NOW)
# Built once: every command asks them, and to build a statement costs more than to run it.
_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_OF: Final = (
    select(Referral)
    .where(Referral.id.in_(_IDS))
    .order_by(Referral.id)
    .execution_options(populate_existing=True)
)
_LOCK: Final = _OF.with_for_update()
_LOCK_FREE: Final = _OF.with_for_update(skip_locked=True)
_UNENDED: Final = (
    select(Offer).where(Offer.referral_id.in_(_IDS), Offer.state.in_(UNENDED)).order_by(Offer.id)
)
_REFUSALS: Final = (
    select(Refusal)
    .where(Refusal.referral_id.in_(_IDS))
    .order_by(Refusal.referral_id, Refusal.program_id)
)


def lock(session: Session, ids: Iterable[UUID], *, skip_locked: bool = False) -> Sequence[Referral]:
    """Lock referrals in sorted order; those that do not exist are left out.

    With ``skip_locked`` those that somebody else holds are left out, too.
    """
    query = _LOCK_FREE if skip_locked else _LOCK
    return session.scalars(query, {"ids": sorted(set(ids))}).all()


def get(session: Session, referral_id: UUID) -> Referral | None:
    """One referral, not locked."""
    return session.get(Referral, referral_id)


def reference_taken(session: Session, reference: str) -> bool:
    """Whether another referral is called so."""
    return bool(session.scalar(select(exists().where(Referral.reference == reference))))


def page(
    session: Session,
    submitter: Actor | None,
    filters: dict[str, Any],
    after: str | None,
    limit: int,
) -> Page:
    """Referrals, oldest first: one officer's, or all; ``filters`` may name any of FILTERS."""
    query = select(Referral)
    if submitter is not None:
        query = query.where(
            Referral.unit_id == submitter.unit_id, Referral.submitted_by == submitter.subject
        )
    for name in FILTERS:
        if filters.get(name) is not None:
            query = query.where(getattr(Referral, name) == filters[name])
    rows = session.scalars(page_of(query, [Referral.id], after, limit)).all()
    return cut(rows, ["id"], limit)


def refusals(session: Session, ids: Iterable[UUID]) -> Sequence[Refusal]:
    """The excluded programs of some referrals."""
    return session.scalars(_REFUSALS, {"ids": list(ids)}).all()


def unended_offers(session: Session, ids: Iterable[UUID]) -> Sequence[Offer]:
    """The live and the accepted offers of some referrals."""
    return session.scalars(_UNENDED, {"ids": list(ids)}).all()


def all_offers(session: Session, ids: Iterable[UUID]) -> Sequence[Offer]:
    """Every offer of some referrals, oldest first."""
    query = select(Offer).where(Offer.referral_id.in_(list(ids)))
    return session.scalars(query.order_by(Offer.referral_id, Offer.id)).all()


def with_due_offers(session: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """The referrals with live offers past their deadline, the longest overdue first."""
    query = (
        select(Offer.referral_id)
        .where(IS_LIVE, Offer.deadline_at <= now)
        .order_by(Offer.deadline_at)
        .limit(limit)
    )
    return session.scalars(query).all()


def due_reviews(session: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """The referrals whose review timer ran out, the longest overdue first."""
    query = select(Referral.id).where(Referral.review_at <= now)
    return session.scalars(query.order_by(Referral.review_at).limit(limit)).all()


def untended(session: Session, limit: int) -> Sequence[UUID]:
    """Open referrals that no timer, attempt or offer would ever move."""
    offers = select(Offer.id).where(Offer.referral_id == Referral.id)
    adrift = or_(
        and_(Referral.state.in_(REVIEWED), Referral.review_at.is_(None)),
        _without(ReferralState.OFFERED, offers.where(IS_LIVE)),
        _without(ReferralState.ACCEPTED, offers.where(Offer.state.in_(HOLDING))),
    )
    return session.scalars(
        select(Referral.id).where(adrift).order_by(Referral.id).limit(limit)
    ).all()


def _without(state: ReferralState, offers: Any) -> Any:
    return and_(Referral.state == state, not_(offers.exists()))


def existing(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these referrals there are, whose person was not erased."""
    kept = select(Referral.id).where(Referral.id.in_(ids), Referral.erased_at.is_(None))
    return set(session.scalars(kept))
