"""What must hold of a suite's databases after any run: I1 to I4 of the requirements."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contracts.events.lifecycle import TOPIC
from contracts.vocabulary import OfferState, ReferralState
from services.chassis import audit, outbox
from services.chassis.database import Database
from services.chassis.tables import audit as audit_table
from services.chassis.tables import parked, quarantined, waiting
from services.matcher.tables import CapacityRow, DecisionRow, RequestRow, ReservationRow
from services.notifier.tables import NoticeRow
from services.referral_api.tables import Offer, Referral

ENDED: Final = (ReferralState.CLOSED, ReferralState.WITHDRAWN, ReferralState.ENTERED_IN_ERROR)
LIVE: Final = (OfferState.OPEN, OfferState.ACKNOWLEDGED)
HOLDING: Final = (OfferState.ACCEPTED, OfferState.ENGAGED)


def violations(home: Path) -> list[str]:
    """Everything that does not hold in the databases of a home folder."""
    with (
        _reading(home, "referral_api") as referrals,
        _reading(home, "matcher") as matcher,
        _reading(home, "notifier") as notifier,
    ):
        return [
            *_one_state_one_timer(referrals),
            *_chains(referrals),
            *_places(matcher),
            *_same_holds(referrals, matcher),
            *_one_notice_each(notifier),
            *[fault for db in (referrals, matcher, notifier) for fault in _set_aside(db)],
        ]


def _one_state_one_timer(session: Session) -> Iterator[str]:
    """I1: an open referral has a timer of its own or a live offer with a deadline."""
    live: dict[object, int] = {}
    held: dict[object, int] = {}
    for offer in session.scalars(select(Offer)):
        live[offer.referral_id] = live.get(offer.referral_id, 0) + (offer.state in LIVE)
        held[offer.referral_id] = held.get(offer.referral_id, 0) + (offer.state in HOLDING)
    for referral in session.scalars(select(Referral)):
        name, state = referral.reference, referral.state
        offers, holds = live.get(referral.id, 0), held.get(referral.id, 0)
        if (state is ReferralState.OFFERED) != (offers > 0):
            yield f"I1 {name}: {state} with {offers} live offers"
        if (state is ReferralState.ACCEPTED) != (holds == 1) or holds > 1:
            yield f"I1 {name}: {state} with {holds} holders"
        timed = referral.review_at is not None or offers > 0
        if timed == (state in ENDED):
            yield f"I1 {name}: {state}, timer {referral.review_at}"


def _chains(session: Session) -> Iterator[str]:
    """I4: history gapless, linear and chained; the audit too; every referral has both."""
    for key in outbox.keys(session, TOPIC):
        yield from (f"I4 {key}: {fault}" for fault in outbox.verify(session, TOPIC, key))
    for subject in session.scalars(select(audit_table.c.subject).distinct()):
        faults = audit.verify(audit.entries(session, subject))
        yield from (f"I4 {subject}: {fault}" for fault in faults)
    known = set(outbox.keys(session, TOPIC))
    for ident in session.scalars(select(Referral.id)):
        if str(ident) not in known:
            yield f"I4 {ident}: no history"


def _places(session: Session) -> Iterator[str]:
    """I2: the count of taken places is what the rows say, and no stated place went twice."""
    counted = select(ReservationRow.program_id, func.count()).group_by(ReservationRow.program_id)
    reserved = dict(session.execute(counted).all())
    for row in session.scalars(select(CapacityRow)):
        if row.taken < reserved.get(row.program_id, 0):
            yield f"I2 {row.program_id}: {row.taken} taken, more are reserved"
        if row.taken > row.available:
            yield f"I2 {row.program_id}: {row.taken} taken of {row.available}"
    numbers = select(DecisionRow.referral_id, DecisionRow.attempt).where(
        DecisionRow.answer == "routed"
    )
    twice = numbers.group_by(DecisionRow.referral_id, DecisionRow.attempt).having(func.count() > 1)
    for referral, attempt in session.execute(twice):
        yield f"I2 {referral}: attempt {attempt} was routed twice"


def _same_holds(referrals: Session, matcher: Session) -> Iterator[str]:
    """No reservation leaks: each belongs to a live offer, for nothing is in flight."""
    live = {
        (offer.referral_id, offer.program_id)
        for offer in referrals.scalars(select(Offer).where(Offer.state.in_(LIVE)))
    }
    held = {(row.referral_id, row.program_id) for row in matcher.scalars(select(ReservationRow))}
    for referral, program in held ^ live:
        yield f"I2 {referral}: {program} held or offered, not both"
    asked = set(matcher.scalars(select(RequestRow.referral_id)))
    for ident in set(referrals.scalars(select(Referral.id))) - asked:
        yield f"I1 {ident}: the matcher has not heard of it"


def _one_notice_each(session: Session) -> Iterator[str]:
    """I3: one notice per (referral, recipient, template, version)."""
    columns = (NoticeRow.referral_id, NoticeRow.recipient, NoticeRow.template, NoticeRow.version)
    for row in session.execute(select(*columns).group_by(*columns).having(func.count() > 1)):
        yield f"I3 {row}: more than one notice"


def _set_aside(session: Session) -> Iterator[str]:
    """Nothing waits for ever, is parked or quarantined."""
    for table in (waiting, parked, quarantined):
        count = session.scalar(select(func.count()).select_from(table))
        if count:
            yield f"{count} rows {table.name}"


@contextmanager
def _reading(home: Path, name: str) -> Iterator[Session]:
    database = Database(f"sqlite:///{home / 'data' / f'{name}.sqlite'}")
    try:
        with database.transaction() as session:
            yield session
    finally:
        database.close()
